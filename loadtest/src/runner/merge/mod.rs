//! Merges the results of load generators that fired together.

use anyhow::{bail, ensure};
use judge::aggregate::Aggregate;
use judge::schedule::{Open, Schedule};
use judge::stats::median;
use judge::trace::{Baseline, Origin, Row, Trace, note_answers_beside};
use judge::verdict;
use results::document::{Burst, Document, GeneratorSummary, LOADTEST, Run, Source, command_line};
use results::import;

/// The part of a burst that one generator fired, and the generator's state.
type Part<'a> = (&'a Burst, GeneratorSummary);

/// Merges `documents`, and judges the merged bursts. The parts of a burst have the same setup, round and endpoint, at the same
/// position. `files` are the documents' names.
///
/// Times count from the earliest start of a burst, so the skew between generators is a part of the start skew. The
/// generators' clocks are assumed to agree.
///
/// # Errors
///
/// If the documents do not have the same bursts, or were not fired at the same time.
pub fn merged(documents: &[Document], files: &[String]) -> anyhow::Result<Document> {
    let [first, others @ ..] = documents else { bail!("no result file is given") };
    ensure!(!others.is_empty(), "at least two result files are needed");
    for (document, file) in documents.iter().zip(files) {
        if let Some(Source { tool, .. }) = document.foreign() {
            bail!("{file} is from {tool}; give all files of one measurement to `loadtest analyze` instead");
        }
    }
    let mut runs = Vec::new();
    let command = command_line(std::env::args());
    ensure!(
        documents.iter().all(|document| document.diagnosis.is_none()),
        "a diagnosis can't be merged: its experiments follow from each other"
    );
    let mut all = Document { runs: Vec::new(), systems: Vec::new(), command, ..first.clone() };
    for (at, run) in first.runs.iter().enumerate() {
        let mut parts = vec![(run, first.generator)];
        for (other, file) in others.iter().zip(files.iter().skip(1)) {
            let same = other.runs.get(at).filter(|other| is_same(run, other));
            let Some(same) = same else {
                bail!(
                    "{file} has no setup {}, round {}, at the position of that run in {}",
                    run.setup,
                    run.round,
                    files[0]
                );
            };
            parts.push((same, other.generator));
        }
        runs.push(merged_run(&parts, files)?);
    }
    if let Some((other, file)) =
        others.iter().zip(files.iter().skip(1)).find(|(other, _)| other.runs.len() > runs.len())
    {
        bail!("{file} has {} runs, and {} has {}", other.runs.len(), files[0], runs.len());
    }
    for run in runs {
        let worst = run.generator.unwrap_or_default();
        all.add(run, worst.into(), worst.descriptors);
    }
    all.source = Some(Source {
        tool: LOADTEST.to_owned(),
        format: "JSON".to_owned(),
        files: files.to_vec(),
        lacks: vec![format!(
            "{} generators fired together. Their clocks are assumed to agree: an error of a clock appears as an early or late \
             start.",
            documents.len()
        )],
        broken_rows: 0,
    });
    Ok(all)
}

fn is_same(run: &Run, other: &Run) -> bool {
    let names = |run: &Run| run.bursts.iter().map(|burst| burst.endpoint.clone()).collect::<Vec<_>>();
    run.setup == other.setup && run.round == other.round && names(run) == names(other)
}

/// Merges the parts of a run.
fn merged_run(parts: &[(&Run, GeneratorSummary)], files: &[String]) -> anyhow::Result<Run> {
    let state = |(run, all): &(&Run, GeneratorSummary)| run.generator.unwrap_or(*all);
    let worst = parts.iter().map(state).fold(GeneratorSummary::default(), GeneratorSummary::worst);
    let same = |at: usize| parts.iter().map(|part| (&part.0.bursts[at], state(part))).collect();
    let merged: Vec<Vec<Part>> = (0..parts[0].0.bursts.len()).map(same).collect();
    let starts: Vec<u64> =
        merged.iter().map(|parts| start_us(parts, files)).collect::<anyhow::Result<_>>()?;
    let mut traces: Vec<Trace> =
        merged.iter().zip(&starts).map(|(parts, start)| trace(parts, *start, worst)).collect();
    // Parts at several servers tell nothing about one of them.
    let origin = |(parts, start_us): (&Vec<Part>, &u64)| {
        let mut servers = parts.iter().map(|(burst, _)| import::server_of(&burst.url));
        let server = servers.next()??;
        let is_one = servers.all(|other| other.as_ref() == Some(&server));
        is_one.then_some(Origin { server, start_us: *start_us })
    };
    note_answers_beside(&mut traces, &merged.iter().zip(&starts).map(origin).collect::<Vec<_>>());
    let bursts = merged.iter().zip(&starts).zip(&traces);
    let bursts = bursts.map(|((parts, start), trace)| judged(parts, *start, trace)).collect();
    Ok(Run { bursts, generator: Some(worst), ..parts[0].0.clone() })
}

/// Returns the earliest start of the parts of a burst.
fn start_us(parts: &[Part], files: &[String]) -> anyhow::Result<u64> {
    let mut starts = Vec::new();
    for ((burst, _), file) in parts.iter().zip(files) {
        let Some(start) = burst.start_unix_us else {
            bail!("{file} has no start time of {}", burst.endpoint)
        };
        ensure!(
            burst.counted_only == 0,
            "{file}: {} requests of {} were only counted; raise --max-rows to keep them",
            burst.counted_only,
            burst.endpoint
        );
        starts.push(start);
    }
    let start = starts.iter().copied().min().unwrap_or(0);
    for ((start_of, (burst, _)), file) in starts.iter().zip(parts).zip(files) {
        let late_ms = (start_of - start) as f64 / 1e3;
        ensure!(
            late_ms <= burst.total_ms,
            "{file}: {} started {:.1} s after the first part, so they were not fired together; use --start-at for a shared start",
            burst.endpoint,
            late_ms / 1e3
        );
    }
    Ok(start)
}

/// Returns the requests of all parts, in times from `start_us` on.
fn trace(parts: &[Part], start_us: u64, worst: GeneratorSummary) -> Trace {
    let part = |(burst, state): &Part| {
        let later_us = burst.start_unix_us.unwrap_or(start_us).saturating_sub(start_us);
        shifted(import::trace(burst, (*state).into()), later_us as f64)
    };
    let traces: Vec<Trace> = parts.iter().map(part).collect();
    let n = traces.iter().map(|trace| trace.schedule.n).sum();
    let service_ms = median(parts.iter().map(|(burst, _)| burst.service_ms).collect()).unwrap_or(0.0);
    Trace {
        shared_clock: traces.iter().all(|trace| trace.shared_clock),
        baseline: Baseline::joined(&traces.iter().map(|trace| trace.baseline.clone()).collect::<Vec<_>>()),
        keep_alive: traces.iter().all(|trace| trace.keep_alive),
        generator: worst.into(),
        ..Trace::new(Schedule { n, ..requested(parts) }, service_ms, in_order(traces))
    }
}

/// Returns the schedule of all parts together.
fn requested(parts: &[Part]) -> Schedule {
    summed(&parts.iter().map(|(burst, _)| import::schedule(burst)).collect::<Vec<_>>())
}

/// Returns the merged burst with its verdict.
fn judged(parts: &[Part], start_us: u64, trace: &Trace) -> Burst {
    let (first, _) = parts[0];
    let (url, endpoint) = (first.url.clone(), first.endpoint.clone());
    let verdict = verdict::judge(trace);
    Burst {
        unsent: parts.iter().map(|(burst, _)| burst.unsent).sum(),
        http2: first.http2,
        start_unix_us: Some(start_us),
        fastapi: first.fastapi,
        author_expected: first.author_expected,
        ..Burst::new(url, endpoint, &requested(parts), trace, Aggregate::default(), verdict)
    }
}

/// The sum of the schedules.
fn summed(schedules: &[Schedule]) -> Schedule {
    let sum = |of: fn(&Schedule) -> usize| schedules.iter().map(of).fold(0, usize::saturating_add);
    let rate: f64 = schedules.iter().filter_map(|schedule| Some(schedule.open?.rate)).sum();
    let first = schedules[0];
    let open = first.open.map(|open| Open { rate, ..open });
    Schedule { n: sum(|schedule| schedule.n), c: sum(Schedule::connections), open, ..first }
}

/// Shifts the times of a trace by `us` microseconds, except the planned times: they count from the shared start.
fn shifted(mut trace: Trace, us: f64) -> Trace {
    for row in &mut trace.rows {
        row.sent_us = row.sent_us.map(|at| at + us);
        row.first_byte_us = row.first_byte_us.map(|at| at + us);
        row.done_us += us;
        if let Some(stay) = row.evidence.as_mut().and_then(|evidence| evidence.stay.as_mut()) {
            stay.entered_ns += (us * 1e3) as u64;
            stay.left_ns += (us * 1e3) as u64;
        }
    }
    trace
}

/// All rows in the order of their sends, numbered; rows with a planned time come first.
fn in_order(traces: Vec<Trace>) -> Vec<Row> {
    let mut rows: Vec<_> = traces.into_iter().flat_map(|trace| trace.rows).collect();
    rows.sort_by(|a, b| {
        let key = |row: &Row| (row.planned_us.is_none(), row.sent_us.unwrap_or(row.done_us));
        key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1))
    });
    rows.iter_mut().enumerate().for_each(|(i, row)| row.i = i);
    rows
}

#[cfg(test)]
mod tests;
