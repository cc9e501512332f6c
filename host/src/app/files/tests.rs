use std::collections::BTreeSet;
use std::os::unix::fs::symlink;

use super::*;

/// An application's folder: `app`, with a secret beside it.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("app/a.txt", "a"),
        ("app/img/x.png", "x"),
        ("app/img/deep/y.png", "y"),
        ("app/img/deep/notes.md", "n"),
        ("app/[odd]/z.txt", "z"),
        ("secret", "s"),
    ] {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

fn gather(place: &TempDir, mounts: &[Mount], exclude: &[&str]) -> Result<BTreeSet<String>, String> {
    let files = Files {
        manifest: "spin.toml".into(),
        folder: place.path().join("app"),
        mounts: mounts.iter().map(|mount| Placed { value: mount.clone(), place: (7, 9) }).collect(),
        exclude: exclude.iter().map(|pattern| glob::Pattern::new(pattern).unwrap()).collect(),
    };
    let gathered = files.gather().map_err(|error| error.to_string())?.unwrap();
    let root = gathered.path();
    let all = glob::glob(&format!("{}/**/*", root.display())).unwrap().map(Result::unwrap);
    Ok(all
        .filter(|path| path.is_file())
        .map(|path| path.strip_prefix(root).unwrap().display().to_string())
        .collect())
}

fn seen(mounts: &[Mount], exclude: &[&str]) -> Vec<String> {
    gather(&place(), mounts, exclude).unwrap().into_iter().collect()
}

fn pattern(pattern: &str) -> Mount {
    Mount::pattern(pattern).unwrap()
}

fn at(source: &str, destination: &str) -> Mount {
    Mount::at(source, destination).unwrap()
}

#[test]
fn a_guest_sees_what_the_manifest_names_where_it_names_it() {
    assert_eq!(seen(&[pattern("a.txt")], &[]), ["a.txt"]);
    assert_eq!(seen(&[pattern("./a.txt")], &[]), ["a.txt"]);
    assert_eq!(seen(&[pattern("img")], &[]), ["img/deep/notes.md", "img/deep/y.png", "img/x.png"]);
    assert_eq!(seen(&[pattern("img/*.png")], &[]), ["img/x.png"]);
    assert_eq!(seen(&[pattern("**/*.png"), pattern("a.txt")], &[]), ["a.txt", "img/deep/y.png", "img/x.png"]);
    assert_eq!(seen(&[pattern("[odd]")], &[]), ["[odd]/z.txt"]);
    assert_eq!(seen(&[at("img", "/")], &[]), ["deep/notes.md", "deep/y.png", "x.png"]);
    assert_eq!(seen(&[at("[odd]", "/public/odd")], &[]), ["public/odd/z.txt"]);
    assert_eq!(seen(&[at("a.txt", "/etc/b.txt")], &[]), ["etc/b.txt"]);
}

#[test]
fn what_is_excluded_is_not_there() {
    assert_eq!(seen(&[at("img", "/")], &["**/*.md", "img/x.*"]), ["deep/y.png"]);
    assert_eq!(seen(&[pattern("img/**/*")], &["img/deep/*"]), ["img/x.png"]);
}

#[test]
fn nothing_outside_the_applications_folder_is_seen() {
    for path in ["..", "../secret", "/etc/passwd", "img/../../secret", ".", "img/.."] {
        assert!(Mount::pattern(path).is_err(), "{path}");
    }
    assert!(Mount::at("../secret", "/x").is_err() && Mount::at("a.txt", "/../x").is_err());
    let place = place();
    let app = place.path().join("app");
    symlink("../../secret", app.join("img/link")).unwrap();
    symlink("../..", app.join("img/up")).unwrap();
    for mount in
        [pattern("img/*"), pattern("img/link"), at("img", "/"), at("img/up", "/"), pattern("img/up/*")]
    {
        let error = gather(&place, std::slice::from_ref(&mount), &[]).unwrap_err();
        assert!(error.starts_with("spin.toml:7:9: ") && error.contains("outside"), "{mount:?}: {error}");
    }
    fs::remove_file(app.join("img/link")).unwrap();
    symlink("x.png", app.join("img/again.png")).unwrap();
    assert!(gather(&place, &[pattern("img/*.png")], &[]).unwrap().contains("img/again.png"));
}

#[test]
fn what_is_not_there_is_said() {
    for (mount, reason) in [
        (pattern("nowhere"), "no such file or folder"),
        (at("nowhere", "/x"), "No such file"),
        (at("a.txt", "/"), "names a file too"),
        (pattern("img/***"), "no pattern"),
    ] {
        let error = gather(&place(), std::slice::from_ref(&mount), &[]).unwrap_err();
        assert!(error.contains(reason), "{mount:?}: {error}");
    }
}
