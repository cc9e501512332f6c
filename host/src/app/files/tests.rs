use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use super::*;

/// Creates the application's folder `app`, and a secret file beside it.
fn create_app() -> TempDir {
    let parent = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("app/a.txt", "a"),
        ("app/img/x.png", "x"),
        ("app/img/deep/y.png", "y"),
        ("app/img/deep/notes.md", "n"),
        ("app/[odd]/z.txt", "z"),
        ("secret", "s"),
    ] {
        let path = parent.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    parent
}

/// Copies the files, and returns the paths that the guest sees.
fn copy(parent: &TempDir, mounts: &[FileMount], exclude: &[&str]) -> Result<BTreeSet<String>, String> {
    let files = FileMounts {
        manifest: "spin.toml".into(),
        folder: parent.path().join("app"),
        mounts: mounts.iter().map(|mount| Located { value: mount.clone(), position: (7, 9) }).collect(),
        exclude: exclude.iter().map(|pattern| glob::Pattern::new(pattern).unwrap()).collect(),
    };
    let copied = files.copy().map_err(|error| error.to_string())?.unwrap();
    let root = copied.path();
    let all = glob::glob(&format!("{}/**/*", root.display())).unwrap().map(Result::unwrap);
    Ok(all
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(root).unwrap().display().to_string())
        .collect())
}

fn visible_files(mounts: &[FileMount], exclude: &[&str]) -> Vec<String> {
    copy(&create_app(), mounts, exclude).unwrap().into_iter().collect()
}

fn pattern(pattern: &str) -> FileMount {
    FileMount::pattern(pattern).unwrap()
}

fn at(source: &str, destination: &str) -> FileMount {
    FileMount::at(source, destination).unwrap()
}

#[test]
fn files_appear_at_the_paths_that_the_manifest_names() {
    assert_eq!(visible_files(&[pattern("a.txt")], &[]), ["a.txt"]);
    assert_eq!(visible_files(&[pattern("./a.txt")], &[]), ["a.txt"]);
    assert_eq!(visible_files(&[pattern("img")], &[]), ["img/deep/notes.md", "img/deep/y.png", "img/x.png"]);
    assert_eq!(visible_files(&[pattern("img/*.png")], &[]), ["img/x.png"]);
    assert_eq!(
        visible_files(&[pattern("**/*.png"), pattern("a.txt")], &[]),
        ["a.txt", "img/deep/y.png", "img/x.png"]
    );
    assert_eq!(visible_files(&[pattern("[odd]")], &[]), ["[odd]/z.txt"]);
    assert_eq!(visible_files(&[at("img", "/")], &[]), ["deep/notes.md", "deep/y.png", "x.png"]);
    assert_eq!(visible_files(&[at("[odd]", "/public/odd")], &[]), ["public/odd/z.txt"]);
    assert_eq!(visible_files(&[at("a.txt", "/etc/b.txt")], &[]), ["etc/b.txt"]);
}

#[test]
fn excluded_files_are_not_visible() {
    assert_eq!(visible_files(&[at("img", "/")], &["**/*.md", "img/x.*"]), ["deep/y.png"]);
    assert_eq!(visible_files(&[pattern("img/**/*")], &["img/deep/*"]), ["img/x.png"]);
}

#[test]
fn files_outside_the_applications_folder_are_refused() {
    for path in ["..", "../secret", "/etc/passwd", "img/../../secret", ".", "img/.."] {
        assert!(FileMount::pattern(path).is_err(), "{path}");
    }
    assert!(FileMount::at("../secret", "/x").is_err() && FileMount::at("a.txt", "/../x").is_err());
    let parent = create_app();
    let app = parent.path().join("app");
    symlink("../../secret", app.join("img/link")).unwrap();
    symlink("../..", app.join("img/up")).unwrap();
    for mount in
        [pattern("img/*"), pattern("img/link"), at("img", "/"), at("img/up", "/"), pattern("img/up/*")]
    {
        let error = copy(&parent, std::slice::from_ref(&mount), &[]).unwrap_err();
        assert!(error.starts_with("spin.toml:7:9: ") && error.contains("outside"), "{mount:?}: {error}");
    }
    fs::remove_file(app.join("img/link")).unwrap();
    symlink("x.png", app.join("img/again.png")).unwrap();
    assert!(copy(&parent, &[pattern("img/*.png")], &[]).unwrap().contains("img/again.png"));
}

#[test]
fn the_error_names_a_missing_file() {
    for (mount, reason) in [
        (pattern("nowhere"), "no such file or folder"),
        (at("nowhere", "/x"), "No such file"),
        (at("a.txt", "/"), "must name a file too"),
        (pattern("img/***"), "not a pattern"),
    ] {
        let error = copy(&create_app(), std::slice::from_ref(&mount), &[]).unwrap_err();
        assert!(error.contains(reason), "{mount:?}: {error}");
    }
}
