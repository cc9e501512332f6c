//! All setups on all systems that are here, as a document with what the original experiment expected and saw.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use judge::units;
use loadtest::plan;
use results::chart::timeline::timeline;
use results::document::{Burst, Document as Results, Run};
use results::summary::{Column, columns, lessons};
use tokio::process::Command;

use crate::document::{Document, Section};
use crate::lab::{root, say};
use crate::numbers::grouped;
use crate::programs::{Program, Programs};

const INTRODUCTION: &str = "\
# Results

All setups on all systems of this machine: what the author of the original experiment expected, what FastAPI
did then, and what came out here. A cell says how the burst was served, how long it took, and over how
many instances (for FastAPI: threads) it was spread; **not as expected** marks what
differs from `setups.toml`.

Written by `cargo run --release -p bench -- results`, never by hand.
";

/// In characters.
const WIDTH: usize = 72;

/// Runs the lab, and tells it.
pub async fn measure() -> Result<Document> {
    let programs = Programs::find().await?;
    let systems = systems(&programs);
    let setups = plan::built_in(&loadtest::targets::names())?;
    let ids: Vec<&str> = setups.iter().map(|setup| setup.id.as_str()).collect();
    let folder = tempfile::tempdir()?;
    let mut args = vec!["run".to_owned(), "--setup".to_owned(), ids.join(",")];
    args.extend(systems.iter().flat_map(|system| ["--on".to_owned(), (*system).to_owned()]));
    let shown = format!("loadtest {}", args.join(" "));
    say(&shown);
    let results = run(&programs.loadtest, &args, folder.path()).await?;
    let mut document = Document::begin(INTRODUCTION, &programs.commit, &programs.hosts());
    document.add(table(&results, &shown));
    document.add(lesson(&results));
    document.add(usage(&results));
    for setup in setups {
        document.add(drawings(&results, &setup));
    }
    Ok(document)
}

/// The systems that are here, in the columns' order. Those of one's own are left out: how long they take
/// for all setups, nobody knows.
fn systems(programs: &Programs) -> Vec<&'static str> {
    let mut systems = vec!["embedded"];
    systems.extend(programs.spin.as_ref().map(|_| "spin"));
    systems.extend(programs.wasmtime.as_ref().map(|_| "wasmtime"));
    systems.push("fastapi");
    systems
}

/// What is untrusted or unexpected is a result, too.
async fn run(loadtest: &Program, args: &[String], folder: &Path) -> Result<Results> {
    let mut command = Command::new(&loadtest.path);
    command.args(args).arg("--out").arg(folder).current_dir(root());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).status().await?;
    ensure!(matches!(status.code(), Some(0 | 4)), "loadtest: {status}");
    let file = std::fs::read(folder.join("result.json")).context("reading result.json")?;
    serde_json::from_slice(&file).context("reading result.json")
}

fn table(results: &Results, command: &str) -> Section {
    let columns = columns(results);
    let mut header = vec!["setup".to_owned(), "author expected".to_owned(), "FastAPI, originally".to_owned()];
    header.extend(columns.iter().map(name));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut section = Section::new("Setups by systems", String::new(), &header);
    let Some(first) = columns.first() else { return section };
    for run in &first.runs {
        for (at, burst) in run.bursts.iter().enumerate() {
            let kind =
                |kind: Option<_>| kind.map_or("-".to_owned(), |kind: judge::verdict::Kind| kind.to_string());
            let mut row = vec![
                format!("{}: {} x {}", run.setup, burst.n, burst.endpoint),
                kind(burst.author_expected),
                kind(burst.fastapi),
            ];
            row.extend(columns.iter().map(|column| {
                let found = column.rounds(&run.setup).first().and_then(|run| run.bursts.get(at));
                found.map_or(String::new(), cell)
            }));
            section.row(row);
        }
    }
    section.command(command);
    section
}

fn name(column: &Column) -> String {
    match column.instances {
        Some(_) => format!("{}: {}", column.system, column.label()),
        None => column.system.to_owned(),
    }
}

fn cell(burst: &Burst) -> String {
    let spread = if burst.instances > 0 { format!(", over {}", burst.instances) } else { String::new() };
    let mismatch = burst.mismatch.as_ref().map_or("", |_| " **not as expected**");
    format!("{}, {}{spread}{mismatch}", burst.verdict.headline(), units::time(burst.makespan_ms))
}

fn lesson(results: &Results) -> Section {
    let lessons: Vec<String> = lessons(results).iter().map(|lesson| lesson.replace('\n', "\n\n")).collect();
    Section::new("What it teaches", lessons.join("\n\n"), &[])
}

fn usage(results: &Results) -> Section {
    let text = "What each system's processes used, from readiness to end.";
    let mut section =
        Section::new("Memory and processor", text, &["system", "manifest", "MiB at most", "CPU, s"]);
    for used in &results.systems {
        section.row([
            used.system.clone(),
            used.manifest.clone().unwrap_or_default(),
            grouped(used.usage.memory_peak_mib, 0),
            grouped(used.usage.cpu_s, 1),
        ]);
    }
    section
}

/// A drawing for each burst of the setup on each system.
fn drawings(results: &Results, setup: &plan::Setup) -> Section {
    let mut text = "A line is a request: `·` waits, `█` is in its handler, `×` was turned away.\n".to_owned();
    for column in columns(results) {
        for run in column.rounds(&setup.id) {
            text += &drawing(&name(&column), run);
        }
    }
    Section::new(&format!("Setup {setup_id}: {title}", setup_id = setup.id, title = setup.title), text, &[])
}

fn drawing(system: &str, run: &Run) -> String {
    let mut text = String::new();
    for burst in &run.bursts {
        let Burst { endpoint, verdict, .. } = burst;
        text += &format!("\n{system}, {endpoint}: **{}**. {}\n\n", verdict.headline(), verdict.why);
        timeline(burst, WIDTH).lines().for_each(|line| text += &format!("    {line}\n"));
    }
    text
}
