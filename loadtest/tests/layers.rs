//! The layers: no module of a crate names a higher one, and the crates depend on each other in one direction.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The top-level modules of each crate, from the lowest to the highest, as the crate's `lib.rs` documents them. A module may name
/// itself and the modules before it.
const LAYERS: [(&str, &[&str]); 4] = [
    (
        "loadtest",
        &[
            "arguments",
            "exit",
            "console",
            "machine",
            "lab",
            "plan",
            "targets",
            "generator",
            "runner",
            "export",
            "report",
            "cli",
        ],
    ),
    (
        "host",
        &[
            "byte_size",
            "limits",
            "process",
            "app",
            "error",
            "guest",
            "download",
            "engine",
            "dispatch",
            "routing",
            "server",
        ],
    ),
    (
        "results",
        &[
            "input",
            "evidence",
            "document",
            "capacity",
            "threshold",
            "import",
            "summary",
            "sentences",
            "compare",
            "chart",
        ],
    ),
    (
        "judge",
        &[
            "stats",
            "units",
            "schedule",
            "trace",
            "aggregate",
            "arrivals",
            "concurrency",
            "mechanism",
            "kind",
            "likelihood",
            "model",
            "posterior",
            "refusal",
            "evidence",
            "findings",
            "judgement",
            "cause",
            "verdict",
            "estimate",
            "capacity",
            "experiment",
            "compare",
        ],
    ),
];

/// The crates of the project that each crate may depend on. Dependencies for tests count, too, if they are in the table.
const CRATES: [(&str, &[&str]); 9] = [
    ("judge", &[]),
    ("host", &[]),
    ("results", &["judge", "endpoint"]),
    ("simulator", &["judge"]),
    ("corpus", &["judge", "simulator"]),
    ("components/endpoint", &[]),
    ("testing", &[]),
    ("loadtest", &["judge", "results", "host", "endpoint"]),
    ("fuzz", &["judge", "results", "host", "loadtest"]),
];

/// Dependencies in `[dev-dependencies]` that a crate may have in addition.
const DEV: [(&str, &[&str]); 3] =
    [("judge", &["simulator"]), ("host", &["endpoint", "testing"]), ("loadtest", &["simulator", "testing"])];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A path that starts with `crate::`, with its line.
#[derive(Debug, PartialEq)]
struct CratePath {
    line: usize,
    /// The first segment after `crate::`.
    module: String,
}

/// The paths in `source` that start with `crate::`, including those in braces. Comments and strings are skipped.
fn crate_paths(source: &str) -> Vec<CratePath> {
    let code = code_only(source);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::`, `my_crate::` and the like are other paths.
        if code[..at].ends_with(|char: char| char.is_alphanumeric() || "_$".contains(char)) {
            continue;
        }
        let line = 1 + code[..at].matches('\n').count();
        let rest = &code[at + "crate::".len()..];
        let modules = match rest.strip_prefix('{') {
            Some(group) => first_segments(group),
            None => vec![(line, identifier(rest))],
        };
        found.extend(modules.into_iter().map(|(offset, module)| match rest.starts_with('{') {
            true => CratePath { line: line + offset, module },
            false => CratePath { line, module },
        }));
    }
    found
}

/// The first segment of each path in a group of braces, after the opening brace, with its offset in lines.
fn first_segments(group: &str) -> Vec<(usize, String)> {
    let (mut depth, mut offset, mut is_start) = (0_usize, 0, true);
    let mut segments = Vec::new();
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_start = true,
            '\n' => offset += 1,
            _ if char.is_whitespace() => {}
            _ if is_start && depth == 0 => {
                segments.push((offset, identifier(&group[at..])));
                is_start = false;
            }
            _ => {}
        }
    }
    segments
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect()
}

/// The source with comments and the content of string literals replaced by spaces. Line breaks stay.
fn code_only(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(char) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').map_or(rest.len(), |at| at + 2)
        } else if char == '"' {
            string_length(rest)
        } else {
            0
        };
        let length = if skipped == 0 { char.len_utf8() } else { skipped };
        let (piece, after) = rest.split_at(length);
        match skipped {
            0 => code.push_str(piece),
            _ => code.extend(piece.chars().map(|char| if char == '\n' { '\n' } else { ' ' })),
        }
        rest = after;
    }
    code
}

/// The number of hashes if a raw string starts here.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?;
    let quote = hashes.trim_start_matches('#');
    quote.starts_with('"').then_some(hashes.len() - quote.len())
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The violations in a file, one line each. `module` is the file's top-level module.
fn violations(layers: &[&str], file: &str, module: &str, source: &str) -> Vec<String> {
    let layer = |name: &str| layers.iter().position(|layer| *layer == name);
    let limit = layer(module);
    let is_wrong =
        |path: &CratePath| limit.is_none() || layer(&path.module).is_none_or(|other| Some(other) > limit);
    let wrong = crate_paths(source).into_iter().filter(is_wrong);
    wrong.map(|path| format!("{file}:{}: {module} names crate::{}", path.line, path.module)).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The source files of a crate's library, relative to its `src`, with their text. The crate's root names every module, and
/// other programs are no layers.
fn library(name: &str) -> Vec<(PathBuf, String)> {
    let source = project().join(name).join("src");
    let relative = |file: &PathBuf| file.strip_prefix(&source).unwrap().to_owned();
    let is_part = |file: &PathBuf| {
        let first = file.iter().next().unwrap();
        first != "lib.rs" && first != "main.rs" && first != "bin"
    };
    let files = rust_files(&source).into_iter().map(|file| (relative(&file), file));
    files
        .filter(|(file, _)| is_part(file))
        .map(|(file, path)| (file, fs::read_to_string(path).unwrap()))
        .collect()
}

/// The top-level module of a file.
fn top_level(file: &Path) -> String {
    let first = file.iter().next().unwrap().to_str().unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}

#[test]
fn no_module_names_a_higher_layer() {
    for (name, layers) in LAYERS {
        let files = library(name);
        let wrong = |(file, source): &(PathBuf, String)| {
            violations(layers, file.to_str().unwrap(), &top_level(file), source)
        };
        let found: Vec<_> = files.iter().flat_map(wrong).collect();
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
        let modules: BTreeSet<_> = files.iter().map(|(file, _)| top_level(file)).collect();
        let expected: BTreeSet<_> = layers.iter().map(|layer| (*layer).to_owned()).collect();
        assert_eq!(modules, expected, "LAYERS has every top-level module of {name}");
    }
}

/// Within the layer `cli`, the flags do not name the commands.
#[test]
fn flags_do_not_name_commands() {
    for file in rust_files(&project().join("loadtest/src/cli/flags")) {
        let code = code_only(&fs::read_to_string(&file).unwrap());
        assert!(!code.contains("commands::") && !code.contains("::commands"), "{}", file.display());
    }
}

/// The project's crates among the dependencies of a Cargo.toml, by the table's kind.
fn dependencies(manifest: &str) -> BTreeMap<String, Vec<String>> {
    let names = [
        "judge",
        "host",
        "results",
        "simulator",
        "corpus",
        "endpoint",
        "testing",
        "loadtest",
        "bench",
        "fuzz",
    ];
    let manifest: toml::Table = toml::from_str(manifest).unwrap();
    let of = |kind: &str| {
        let table = manifest.get(kind).and_then(toml::Value::as_table);
        let keys = table.into_iter().flat_map(toml::Table::keys);
        keys.filter(|key| names.contains(&key.as_str())).cloned().collect()
    };
    ["dependencies", "dev-dependencies", "build-dependencies"].map(|kind| (kind.to_owned(), of(kind))).into()
}

/// The dependencies that `CRATES` and `DEV` do not allow.
fn wrong_dependencies(name: &str, manifest: &str) -> Vec<String> {
    let row = |table: &[(&str, &'static [&'static str])]| {
        table.iter().find(|(row, _)| *row == name).map_or(&[][..], |(_, allowed)| *allowed)
    };
    let mut wrong = Vec::new();
    for (kind, dependencies) in dependencies(manifest) {
        let dev = if kind == "dev-dependencies" { row(&DEV) } else { &[] };
        let is_allowed =
            |dependency: &&String| row(&CRATES).iter().chain(dev).any(|allowed| allowed == dependency);
        let not_allowed = dependencies.iter().filter(|dependency| !is_allowed(dependency));
        wrong.extend(not_allowed.map(|dependency| format!("{name}: {dependency} in [{kind}]")));
    }
    wrong
}

#[test]
fn crates_depend_on_lower_crates_only() {
    let read = |name: &str| fs::read_to_string(project().join(name).join("Cargo.toml")).unwrap();
    let wrong: Vec<_> = CRATES.iter().flat_map(|(name, _)| wrong_dependencies(name, &read(name))).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Paths that leave a module other than by `crate::`, which the scanner would not see.
fn hidden_paths(file: &Path, source: &str) -> Vec<String> {
    let code = code_only(source);
    // The inline tests of a module name it by `super`, too.
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let is_top_level = file.iter().count() == 1 || file.iter().count() == 2 && file.ends_with("mod.rs");
    let forbidden = if is_top_level { "super::" } else { "super::super::" };
    let lines = code.lines().enumerate().filter(|(_, line)| line.contains(forbidden));
    lines.map(|(at, line)| format!("{}:{}: {}", file.display(), at + 1, line.trim())).collect()
}

#[test]
fn other_top_level_modules_are_named_by_crate_paths_only() {
    for (name, _) in LAYERS {
        let hidden = |(file, source): &(PathBuf, String)| hidden_paths(file, source);
        let found: Vec<_> = library(name).iter().flat_map(hidden).collect();
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }

    let found = |file: &str, source: &str| hidden_paths(Path::new(file), source).len();
    assert_eq!(found("targets/mod.rs", "use super::cli;"), 1);
    assert_eq!(found("exit.rs", "use super::cli;"), 1);
    assert_eq!(found("targets/url.rs", "use super::child;\nuse super::super::cli;"), 1);
    assert_eq!(found("targets/mod.rs", "use crate::exit;\n#[cfg(test)]\nmod tests { use super::*; }"), 0);
}

/// A snippet with one violation in each kind of path, at known lines.
const BAD: &str = r###"
use crate::plan::Setup;
use crate::{
    exit::{Exit, Failure},
    runner::{report, document},
};
// use crate::cli::Comment;
/* use crate::cli::Comment; */
const TEXT: &str = "crate::cli::Text \" crate::cli::Text";
const RAW: &str = r#"crate::cli::"Raw" "#;
const QUOTE: char = '"';
fn call(args: &crate::cli::flags::RunArgs) {
    crate::report::json::text(my_crate::cli::X, $crate::cli::Y);
    crate::plan::built_in();
}
"###;

#[test]
fn the_scanner_finds_every_path() {
    let found: Vec<_> = crate_paths(BAD).into_iter().map(|path| (path.line, path.module)).collect();
    let expected = [(2, "plan"), (4, "exit"), (5, "runner"), (12, "cli"), (13, "report"), (14, "plan")];
    assert_eq!(found, expected.map(|(line, module)| (line, module.to_owned())));
}

#[test]
fn a_higher_layer_is_a_violation_with_its_place() {
    let (_, layers) = LAYERS[0];
    assert_eq!(
        violations(layers, "targets/x.rs", "targets", BAD),
        [
            "targets/x.rs:5: targets names crate::runner",
            "targets/x.rs:12: targets names crate::cli",
            "targets/x.rs:13: targets names crate::report",
        ]
    );
    assert_eq!(violations(layers, "cli/x.rs", "cli", BAD), [""; 0]);
    assert_eq!(violations(layers, "x.rs", "new", "use crate::exit;"), ["x.rs:1: new names crate::exit"]);
    assert_eq!(violations(layers, "x.rs", "cli", "use crate::new;"), ["x.rs:1: cli names crate::new"]);
}

#[test]
fn a_dependency_on_a_higher_crate_is_found() {
    let manifest = "[dependencies]\njudge.workspace = true\nloadtest.workspace = true\nserde = \"1\"\n\
                    [dev-dependencies]\nresults.workspace = true\nsimulator.workspace = true\n";
    assert_eq!(
        wrong_dependencies("judge", manifest),
        [
            "judge: judge in [dependencies]",
            "judge: loadtest in [dependencies]",
            "judge: results in [dev-dependencies]"
        ]
    );
    assert_eq!(wrong_dependencies("loadtest", "[dependencies]\nresults = \"1\"\n"), [""; 0]);
    assert_eq!(wrong_dependencies("results", manifest).len(), 3);
}
