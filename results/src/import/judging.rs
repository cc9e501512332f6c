//! Judges the collected bursts, and makes a document of them.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, ensure};
use judge::schedule::Schedule;
use judge::trace::{Baseline, Failures, MissingData, Row, Trace};
use judge::verdict::{self, Kind, Verdict};

use super::collector::{Collector, Group};
use super::format::Format;
use super::options::Options;
use super::summed::Summed;
use super::urls::{endpoint_of, is_local};
use super::{runs, send_plan, summary};
use crate::document::{Burst, Document, Machine, Run, Source};
use crate::input::RejectedRows;

/// A resolution above this, in microseconds, is reported with advice on how to get a finer one.
const COARSE_RESOLUTION_US: f64 = 1e5;

/// Judges the bursts. `files` are the names of the sources; for `empty` see [`super::document`].
pub fn document(
    format: &Format,
    collector: Collector,
    files: Vec<String>,
    empty: Document,
) -> anyhow::Result<Document> {
    let Collector { options, base_ns, groups, rejected, resolution_us, summaries, mut notes, .. } = collector;
    let context = Context {
        format,
        options,
        resolution_us,
        clock_ns: base_ns.filter(|_| format.has_timestamps),
        files: &files,
    };
    let mut groups = non_empty(groups);
    if format.has_timestamps {
        groups = runs::join_overlapping(groups);
    }
    let summaries: Vec<Summed> = summaries.into_iter().filter(|summed| summed.requests() > 0).collect();
    ensure!(!groups.is_empty() || !summaries.is_empty(), "{}", without_requests(&files, &rejected, &notes));
    let (different, bursts) = (keys(&groups), groups.len() + summaries.len());
    ensure!(
        different.max(summaries.len()) == 1 || options.n.is_none() && options.c.is_none(),
        "-n and -c apply to one burst, but the file has {bursts}"
    );
    notes.extend(runs::name(&mut groups));
    let mut document = Document { machine: Machine::unknown(), ..empty };
    document.started = context.started().unwrap_or(document.started);
    let mut is_service_guessed = false;
    for group in groups {
        let setup = if group.key.setup.is_empty() { "burst" } else { &group.key.setup }.to_owned();
        let (burst, missing) = context.judge(group)?;
        is_service_guessed |= missing.service;
        add(&mut document, format.tool, setup, burst);
    }
    for summed in summaries {
        add(
            &mut document,
            format.tool,
            "burst".to_owned(),
            summary::burst(summed, options, &files.join(" "))?,
        );
    }
    let mut lacks = lacks(format, resolution_us, is_service_guessed);
    lacks.extend(notes);
    if rejected.count > 0 {
        lacks.push(format!("{rejected}."));
    }
    document.source = Some(Source {
        tool: format.tool.to_owned(),
        format: format.name.to_owned(),
        broken_rows: rejected.count,
        files,
        lacks,
    });
    Ok(document)
}

/// Returns the error if the files have no requests.
fn without_requests(files: &[String], rejected: &RejectedRows, notes: &[String]) -> String {
    let mut error = format!("{}: the file has no requests", files.join(", "));
    if rejected.count > 0 {
        error += &format!("; {rejected}");
    }
    let notes = notes.iter().map(|note| note.trim_end_matches('.'));
    notes.for_each(|note| error += &format!("; {note}"));
    error
}

/// Returns the number of different bursts: the runs of a file repeat a burst.
fn keys(groups: &[Group]) -> usize {
    groups.iter().map(|group| &group.key).collect::<HashSet<_>>().len()
}

/// Returns the groups with requests. Solo requests are sent once for all setups of a URL, so that their latencies apply
/// to all groups of the URL.
fn non_empty(groups: Vec<Group>) -> Vec<Group> {
    let mut solos: HashMap<String, Vec<f64>> = HashMap::new();
    for group in &groups {
        solos.entry(group.key.url.clone()).or_default().extend(&group.solos_ms);
    }
    let with_requests = groups.into_iter().filter(|group| group.rows.len() + group.counted_only.requests > 0);
    let with_solo = |mut group: Group| {
        group.solos_ms = solos.get(&group.key.url).cloned().unwrap_or_default();
        group
    };
    with_requests.map(with_solo).collect()
}

/// Returns what the files lack, and the consequences: one sentence each.
fn lacks(format: &Format, resolution_us: f64, is_service_guessed: bool) -> Vec<String> {
    let mut lacks: Vec<String> = format.lacks.iter().map(|&lack| lack.to_owned()).collect();
    if resolution_us > COARSE_RESOLUTION_US {
        lacks.push(
            "The times are whole seconds: set K6_CSV_TIME_FORMAT=unix_nano, or give k6's JSON.".to_owned(),
        );
    }
    if format.is_summary {
        return lacks;
    }
    lacks.push(format!("{} does not record how busy the load generator was.", format.tool));
    if is_service_guessed {
        lacks.push(
            "The file does not have the latency of a request alone: the fastest answer stands in for it. Give it with \
             --service-ms."
                .to_owned(),
        );
    }
    lacks
}

/// The properties of all bursts of the files.
struct Context<'a> {
    format: &'a Format,
    options: &'a Options,
    resolution_us: f64,
    /// The origin of the bursts' times, in nanoseconds since 1970; `None` if unknown.
    clock_ns: Option<i64>,
    files: &'a [String],
}

impl Context<'_> {
    /// Judges the requests of a group.
    fn judge(&self, mut group: Group) -> anyhow::Result<(Burst, MissingData)> {
        let measured = Baseline::new(std::mem::take(&mut group.solos_ms));
        let known = Baseline::given(&self.options.service_ms)
            .or_else(|| measured.median_ms().map(|service_ms| (service_ms, measured)));
        let is_service_known = known.is_some();
        let (service_ms, baseline) =
            known.unwrap_or_else(|| (fastest_ms(&group.rows).unwrap_or(0.0), Baseline::default()));
        let start_us = self.start_us(&group);
        let inferred = send_plan::infer(&mut group.rows, start_us, service_ms, group.plan);
        group.counted_only.last_done_us -= start_us;
        group.counted_only.last_ok_us -= start_us;
        let start_ns =
            self.clock_ns.map(|base| base + (start_us * 1e3) as i64).and_then(|ns| u64::try_from(ns).ok());
        for evidence in group.rows.iter_mut().filter_map(|row| row.evidence.as_mut()) {
            evidence.start_ns = start_ns.unwrap_or(0);
        }
        let (rows, counted_only) = (group.rows.len(), group.counted_only.requests);
        let sent = self.options.n.or(group.plan.and_then(|plan| plan.n));
        self.options.check_number(rows + counted_only).with_context(|| self.files.join(", "))?;
        let schedule = Schedule {
            c: self.options.c.unwrap_or(inferred.connections),
            spacing: inferred.spacing,
            ..Schedule::together(sent.map_or(rows, |sent| sent.saturating_sub(counted_only)).max(rows))
        };
        let missing = self.missing(is_service_known, sent.is_some());
        let trace = Trace {
            baseline,
            keep_alive: !group.rows.iter().any(|row| row.connects),
            shared_clock: start_ns.is_some() && is_local(&group.key.url),
            missing,
            ..Trace::new(schedule, service_ms, group.rows)
        };
        let requested = Schedule { n: schedule.n + counted_only, ..schedule };
        let url = if group.key.url.is_empty() { self.files.join(" ") } else { group.key.url };
        let has_good = group.counted_only.ok > 0 || trace.answered().next().is_some();
        let verdict = verdict::judge(&trace);
        let verdict = if has_good { verdict } else { without_good(verdict) };
        let burst =
            Burst::new(url.clone(), endpoint_of(&url), &requested, &trace, group.counted_only, verdict);
        Ok((Burst { start_unix_us: start_ns.map(|ns| ns / 1_000), ..burst }, missing))
    }

    fn missing(&self, is_service_known: bool, is_number_known: bool) -> MissingData {
        MissingData {
            service: !is_service_known,
            failures: match (self.format.drops_failures, is_number_known) {
                (false, _) => Failures::Kept,
                (true, true) => Failures::Counted,
                (true, false) => Failures::Unknown,
            },
            resolution_us: self.resolution_us,
        }
    }

    /// The start of the first request, as an RFC 3339 time; `None` if the format has no timestamps.
    fn started(&self) -> Option<String> {
        let at = jiff::Timestamp::from_nanosecond(self.clock_ns?.into()).ok()?;
        Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// The burst's start: the planned one, else the start of its first request.
    fn start_us(&self, group: &Group) -> f64 {
        let first = group.rows.iter().filter_map(Row::began_us).fold(f64::INFINITY, f64::min);
        let planned = group.plan.and_then(|plan| plan.start_ns).zip(self.clock_ns);
        let planned = planned.map(|(start, base)| (start as i128 - base as i128) as f64 / 1e3);
        planned.unwrap_or(if first.is_finite() { first } else { 0.0 })
    }
}

/// Returns the verdict on requests of which none has a good answer. Nothing shows that the endpoint ever answers, so that the
/// load need not be the reason.
fn without_good(verdict: Verdict) -> Verdict {
    if verdict.kind == Kind::Inconclusive {
        return verdict;
    }
    let reason =
        "no request was answered well; check what the endpoint answers, or allow its status by --status";
    let why = format!("{} No verdict: {reason}.", verdict.why);
    Verdict { why, reasons: vec![reason.to_owned()], ..Verdict::of(Kind::Inconclusive) }
}

/// The latency of the fastest good answer, without connecting; `None` if there is none.
fn fastest_ms(rows: &[Row]) -> Option<f64> {
    let latencies = rows.iter().filter(|row| row.is_ok()).filter_map(|row| Some(row.done_us - row.sent_us?));
    latencies.min_by(f64::total_cmp).map(|us| us / 1e3)
}

/// Adds the burst to the run of its setup.
fn add(document: &mut Document, tool: &str, setup: String, burst: Burst) {
    match document.runs.iter_mut().find(|run| run.setup == setup) {
        Some(run) => run.bursts.push(burst),
        None => document.runs.push(Run {
            system: tool.to_owned(),
            manifest: None,
            instances: None,
            round: 1,
            setup,
            title: String::new(),
            generator: None,
            bursts: vec![burst],
        }),
    }
}
