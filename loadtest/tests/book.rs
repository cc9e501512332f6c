//! The pages: each command on them runs, or is marked with the reason why not; each link leads somewhere; the contents are complete.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::FromArgMatches;
use loadtest::cli::{Cli, command};

use common::servers::{Model, ServerSpec, serve};
use common::{build, output, stderr, stdout, wasm};

/// Why a block is not run, and how many blocks have this reason. What stands after a semicolon says where it is run instead.
const NOT_RUN: [(&str, usize); 9] = [
    ("builds the project", 3),
    ("needs Spin", 3),
    ("needs a cluster", 5),
    ("needs a container engine", 1),
    ("needs a peer", 8),
    ("needs a release", 1),
    ("needs an account", 4),
    ("needs several machines", 1),
    ("serves until it is ended", 2),
];
/// The blocks that take too long, with the place where they run with shorter waits.
const SLOW: (&str, usize) = ("takes minutes", 1);

/// The pages that commands write. Their commands have run, or the page would not be there.
const WRITTEN: [&str; 6] = [
    "docs/accuracy.md",
    "docs/benchmarks.md",
    "docs/diagnosing-cases.md",
    "docs/examples/default.md",
    "docs/judge.md",
    "docs/results.md",
];

/// The pages whose `spin.toml` is the reader's own. On the others it is the lab's.
const OWN_APP: [&str; 5] = ["README.md", "docs/audit.md", "docs/ci.md", "docs/plans.md", "docs/spin.md"];

fn project() -> PathBuf {
    common::project().canonicalize().expect("it exists")
}

/// All pages, relative to the project's folder.
fn pages() -> Vec<String> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder").map(Result::unwrap) {
            match entry.file_type().expect("a type").is_dir() {
                true => below(&entry.path(), found),
                false => found.push(entry.path()),
            }
        }
    }
    let project = project();
    let mut found: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|page| project.join(page))
        .into();
    below(&project.join("docs"), &mut found);
    below(&project.join("deploy"), &mut found);
    found.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let relative =
        |page: &PathBuf| page.strip_prefix(&project).expect("below").to_str().expect("text").to_owned();
    let mut pages: Vec<String> = found.iter().map(relative).collect();
    pages.sort();
    pages
}

fn read(page: &str) -> String {
    fs::read_to_string(project().join(page)).expect("the page is text")
}

/// A block of commands.
#[derive(Debug)]
struct Block {
    page: String,
    /// Without the `$ ` before them.
    commands: Vec<String>,
    /// Why it isn't run.
    reason: Option<String>,
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let starts = (0..lines.len()).filter(|at| lines[*at] == "```console");
    let block = |at: usize| {
        let before = at.checked_sub(1).map_or("", |before| lines[before]);
        let reason = before.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
        let inside = lines[at + 1..].iter().take_while(|line| **line != "```");
        let commands = inside.filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect();
        Block { page: page.to_owned(), commands, reason: reason.map(str::to_owned) }
    };
    starts.map(block).collect()
}

fn all_blocks() -> Vec<Block> {
    pages()
        .iter()
        .filter(|page| !WRITTEN.contains(&page.as_str()))
        .flat_map(|page| blocks(page, &read(page)))
        .collect()
}

/// The category of a reason.
fn category(reason: &str) -> &str {
    reason.split(';').next().unwrap_or_default()
}

#[test]
fn each_block_that_does_not_run_has_a_known_reason() {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for block in all_blocks() {
        assert!(!block.commands.is_empty(), "{block:?}");
        if let Some(reason) = &block.reason {
            *counted.entry(category(reason).to_owned()).or_default() += 1;
        }
    }
    let expected = NOT_RUN.into_iter().chain([SLOW]).map(|(reason, count)| (reason.to_owned(), count));
    assert_eq!(counted, expected.collect());
}

#[test]
fn commands_stand_in_console_blocks() {
    // The set-up commands are plain, for people who copy them.
    let setup = ["cargo run --release -p loadtest ", "cargo test ", "cargo test", "git clone ... && cd ..."];
    for page in pages().iter().filter(|page| !WRITTEN.contains(&page.as_str())) {
        for line in read(page).lines().filter_map(|line| line.strip_prefix("    ")) {
            let is_command =
                ["loadtest ", "cargo ", "scripts/", "spin ", "kubectl ", "docker ", "hey ", "k6 "]
                    .iter()
                    .any(|word| line.starts_with(word) && !line.contains("   "));
            assert!(!is_command || setup.iter().any(|known| line.starts_with(known)), "{page}: {line}");
        }
    }
}

/// A manifest with the routes that the pages name.
fn write_own_app(folder: &Path) {
    let routes = ["/slow", "/users/:id", "/files/...", "/orders"];
    let trigger = |route: &&str| format!("[[trigger.http]]\nroute = \"{route}\"\ncomponent = \"handler\"\n");
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"own\"\n{}[component.handler]\nsource = {:?}\n\
         environment = {{ WAIT_MS = \"50\" }}\n",
        routes.iter().map(trigger).collect::<String>(),
        wasm("wasip2_sync.wasm")
    );
    fs::write(folder.join("spin.toml"), text).expect("a file");
    let plan = output(&["plan", "init", folder.join("spin.toml").to_str().expect("text")]);
    assert!(plan.status.success(), "{}", stderr(&plan));
    fs::write(folder.join("plan.toml"), plan.stdout).expect("a file");
}

fn write_lab(folder: &Path) {
    let exported = output(&["lab", "export", folder.to_str().expect("text")]);
    assert!(exported.status.success(), "{}", stderr(&exported));
}

/// Whether the command did what it says. A verdict depends on the machine (1 or 4); valid usage (2) and a system that can be
/// reached (3) don't.
fn has_run(code: Option<i32>) -> bool {
    matches!(code, Some(0 | 1 | 4))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_on_the_pages_run() {
    build();
    let slow = serve(ServerSpec::of(Model::Pool(8), Duration::from_millis(60))).await;
    let program = Path::new(env!("CARGO_BIN_EXE_loadtest")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("a PATH"));
    let [own_app, lab] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    write_own_app(own_app.path());
    write_lab(lab.path());
    let mut run = BTreeSet::new();
    for block in all_blocks().into_iter().filter(|block| block.reason.is_none()) {
        let is_own = OWN_APP.contains(&block.page.as_str());
        let folder = if is_own { &own_app } else { &lab };
        // Several pages show the same command.
        for shown in block.commands.iter().filter(|shown| run.insert((is_own, (*shown).clone()))) {
            let command = shown
                .replace("http://127.0.0.1:8000/", &slow.url)
                .replace("loadtest run ", "loadtest run --time-scale 0.1 ");
            let mut shell = Command::new("bash");
            shell
                .args(["-c", &command])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("HOME", folder.path());
            let ended = tokio::task::block_in_place(|| shell.output()).expect("bash");
            assert!(
                has_run(ended.status.code()),
                "{}: {shown}: {:?}\n{}{}",
                block.page,
                ended.status.code(),
                stdout(&ended),
                stderr(&ended)
            );
        }
    }
    assert!(run.len() >= 25, "{run:?}");
}

/// The flags are right also where the command can't run.
#[test]
fn the_commands_that_do_not_run_are_valid() {
    let mut valid = 0;
    for block in all_blocks().into_iter().filter(|block| block.reason.is_some()) {
        for shown in
            block.commands.iter().filter(|shown| shown.starts_with("loadtest") && !shown.contains("$("))
        {
            let words = shlex::split(shown).unwrap_or_else(|| panic!("{}: {shown}", block.page));
            let words = words.into_iter().take_while(|word| !["#", ">", "&", "&&"].contains(&word.as_str()));
            let parsed =
                command().try_get_matches_from(words).and_then(|found| Cli::from_arg_matches(&found));
            assert!(parsed.is_ok(), "{}: {shown}: {}", block.page, parsed.unwrap_err());
            valid += 1;
        }
    }
    assert!(valid >= 10, "{valid}");
}

/// The anchors of a page's headings, as mdBook and GitHub make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let kept = line.trim_start_matches(['#', ' ']).to_lowercase();
        let kept = kept.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// The targets of a page's links, without code.
fn links(text: &str) -> Vec<String> {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        is_code ^= line.trim_start().starts_with("```");
        !is_code && !line.starts_with("    ")
    });
    let found = lines.flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    found.filter(|link| !link.contains("://")).map(str::to_owned).collect()
}

#[test]
fn each_link_leads_somewhere() {
    let project = project();
    let in_book: BTreeSet<PathBuf> = links(&read("docs/SUMMARY.md"))
        .iter()
        .map(|link| {
            project.join("docs").join(link).canonicalize().unwrap_or_else(|error| panic!("{link}: {error}"))
        })
        .collect();
    for page in pages() {
        let text = read(&page);
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => project.join(&page),
                file => project.join(&page).parent().expect("a folder").join(file),
            };
            let target = target.canonicalize().unwrap_or_else(|error| panic!("{page}: {link}: {error}"));
            let is_page = target.extension().is_some_and(|extension| extension == "md");
            assert!(!is_page || in_book.contains(&target), "{page}: {link} is not in the book");
            let known = || anchors(&fs::read_to_string(&target).expect("text"));
            assert!(
                anchor.is_empty() || !is_page || known().contains(anchor),
                "{page}: {link}: {:?}",
                known()
            );
        }
    }
}

#[test]
fn the_book_has_every_page() {
    let project = project();
    let in_book: BTreeSet<_> = links(&read("docs/SUMMARY.md"))
        .iter()
        .map(|link| project.join("docs").join(link).canonicalize().unwrap())
        .collect();
    for page in pages().iter().filter(|page| *page != "docs/SUMMARY.md") {
        assert!(in_book.contains(&project.join(page)), "docs/SUMMARY.md lacks {page}");
    }
}

#[test]
fn the_readme_is_short_and_has_the_set_up_commands() {
    let text = read("README.md");
    assert!(text.lines().count() <= 150);
    for command in ["    cargo run --release -p loadtest ", "    cargo test "] {
        assert!(text.contains(command), "{command}");
    }
}
