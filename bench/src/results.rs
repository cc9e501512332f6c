//! All setups on all installed systems, beside the expectations and results of the original experiment.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use judge::units;
use loadtest::plan;
use results::chart::text::{INFERRED_LEGEND, is_inferred, timeline};
use results::document::{Burst, Document as Results, Run};
use results::summary::{Column, columns, summaries};
use tokio::process::Command;

use crate::console::note;
use crate::document::{Document, Section};
use crate::numbers::grouped;
use crate::paths::project_root;
use crate::programs::{Program, Programs};

const INTRODUCTION: &str = "\
# Results

All setups on all systems that are installed on one machine, beside two columns from the original
experiment: the author's expectation, and FastAPI's result. A cell has the verdict, the burst's makespan, and
the number of instances that served it (for FastAPI: threads). **not as expected** marks a difference from
`setups.toml`.

`cargo run --profile dist -p bench -- results` writes this page; don't edit it by hand.
";

/// The width of a timeline, in characters.
const TIMELINE_WIDTH: usize = 72;

/// Runs all setups.
pub async fn measure() -> Result<Document> {
    let programs = Programs::find().await?;
    let systems = systems(&programs);
    let setups = plan::built_in(&loadtest::targets::names())?;
    let ids: Vec<&str> = setups.iter().map(|setup| setup.id.as_str()).collect();
    let folder = tempfile::tempdir()?;
    let mut args = vec!["run".to_owned(), "--setup".to_owned(), ids.join(",")];
    args.extend(systems.iter().flat_map(|system| ["--on".to_owned(), (*system).to_owned()]));
    let command = format!("loadtest {}", args.join(" "));
    note(&command);
    let results = run(&programs.loadtest, &args, folder.path()).await?;
    let mut document = Document::begin(INTRODUCTION, &programs.commit, &programs.hosts());
    document.add(table(&results, &command));
    document.add(summary(&results));
    document.add(usage(&results));
    for setup in setups {
        document.add(timelines(&results, &setup));
    }
    Ok(document)
}

/// The installed systems, in the order of the columns. Systems of `systems.toml` are left out: their time for all
/// setups is unknown.
fn systems(programs: &Programs) -> Vec<&'static str> {
    let mut systems = vec!["embedded"];
    systems.extend(programs.spin.as_ref().map(|_| "spin"));
    systems.extend(programs.wasmtime.as_ref().map(|_| "wasmtime"));
    systems.push("fastapi");
    systems
}

/// Runs `loadtest run`. Unexpected and untrusted verdicts are results, too.
async fn run(loadtest: &Program, args: &[String], folder: &Path) -> Result<Results> {
    let mut command = Command::new(&loadtest.path);
    command.args(args).arg("--out").arg(folder).current_dir(project_root());
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

fn summary(results: &Results) -> Section {
    let summaries: Vec<String> =
        summaries(results).iter().map(|summary| summary.replace('\n', "\n\n")).collect();
    Section::new("Summary", summaries.join("\n\n"), &[])
}

fn usage(results: &Results) -> Section {
    let text = "The memory and CPU time of each system's processes, from readiness to end.";
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

/// A timeline for each burst of the setup on each system.
fn timelines(results: &Results, setup: &plan::Setup) -> Section {
    let mut text = "Each line is a request: `·` waits, `█` is in its handler, `×` was refused.\n".to_owned();
    let runs = columns(results).into_iter().flat_map(|column| column.rounds(&setup.id));
    if runs.flat_map(|run| &run.bursts).any(is_inferred) {
        text += &format!("{INFERRED_LEGEND}\n");
    }
    for column in columns(results) {
        for run in column.rounds(&setup.id) {
            text += &timelines_of_run(&name(&column), run);
        }
    }
    Section::new(&format!("Setup {setup_id}: {title}", setup_id = setup.id, title = setup.title), text, &[])
}

fn timelines_of_run(system: &str, run: &Run) -> String {
    let mut text = String::new();
    for burst in &run.bursts {
        let Burst { endpoint, verdict, .. } = burst;
        text += &format!("\n{system}, {endpoint}: **{}**. {}", verdict.headline(), verdict.why);
        for sentence in verdict.mechanism_sentences() {
            text += &format!(" {sentence}");
        }
        text += "\n\n";
        timeline(burst, TIMELINE_WIDTH).lines().for_each(|line| text += &format!("    {line}\n"));
    }
    text
}
