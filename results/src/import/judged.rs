//! Gathered bursts, judged, as the document that reports tell.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use anyhow::ensure;
use judge::schedule::Schedule;
use judge::trace::{Failures, Generator, MissingData, Row, Trace};
use judge::verdict;

use super::bursts::{Bursts, Group};
use super::format::Format;
use super::{Options, pattern};
use crate::document::{Burst, Document, Machine, Run, Source};

/// Steps of time above this, in microseconds, are worth a word on how to have finer ones.
const COARSE_US: f64 = 1e5;

/// Judges the bursts. `files` names the sources; for `empty` see [`super::document`].
pub fn document(bursts: Bursts, files: Vec<String>, empty: Document) -> anyhow::Result<Document> {
    let Bursts { format, options, base_ns, groups, broken, step_us, .. } = bursts;
    let context = Context {
        format,
        options,
        step_us,
        clock_ns: base_ns.filter(|_| format.has_timestamps),
        files: &files,
    };
    let fired = fired(groups);
    let said = if broken.count > 0 { format!("; {broken}") } else { String::new() };
    ensure!(!fired.is_empty(), "{}: no request is in it{said}", files.join(", "));
    ensure!(
        fired.len() == 1 || options.n.is_none() && options.c.is_none(),
        "-n and -c are for one burst, and there are {}",
        fired.len()
    );
    let mut document = Document { machine: Machine::unknown(), ..empty };
    document.started = context.started().unwrap_or(document.started);
    let mut guessed = false;
    for group in fired {
        let setup = if group.key.setup.is_empty() { "burst" } else { &group.key.setup }.to_owned();
        let (burst, missing) = context.judged(group);
        guessed |= missing.service;
        add(&mut document, format.tool, setup, burst);
    }
    let mut lacks = lacks(format, step_us, guessed);
    if broken.count > 0 {
        lacks.push(format!("Left out: {broken}."));
    }
    document.source = Some(Source {
        tool: format.tool.to_owned(),
        format: format.name.to_owned(),
        broken_rows: broken.count,
        files,
        lacks,
    });
    Ok(document)
}

/// Those that have requests. A request alone is sent once for all setups of a URL.
fn fired(groups: Vec<Group>) -> Vec<Group> {
    let alone: HashMap<String, f64> =
        groups.iter().filter_map(|group| Some((group.key.url.clone(), group.alone_ms?))).collect();
    let fired = groups.into_iter().filter(|group| group.rows.len() + group.beyond.requests > 0);
    let known = |mut group: Group| {
        group.alone_ms = alone.get(&group.key.url).copied();
        group
    };
    fired.map(known).collect()
}

/// What isn't in the files, and what follows from that.
fn lacks(format: &Format, step_us: f64, guessed: bool) -> Vec<String> {
    let mut lacks: Vec<String> = format.lacks.iter().map(|&lack| lack.to_owned()).collect();
    if step_us > COARSE_US {
        lacks.push(
            "Its times are whole seconds: set K6_CSV_TIME_FORMAT=unix_nano, or give k6's JSON.".to_owned(),
        );
    }
    lacks.push(format!("How busy the load generator was, {} doesn't say.", format.tool));
    if guessed {
        lacks.push(
            "What one request takes alone isn't in it: the quickest answer stands in for that (--service-ms says it)."
                .to_owned(),
        );
    }
    lacks
}

/// What holds for all bursts of the files.
struct Context<'a> {
    format: &'a Format,
    options: &'a Options,
    step_us: f64,
    /// When the bursts' times count from, in nanoseconds since 1970.
    clock_ns: Option<i64>,
    files: &'a [String],
}

impl Context<'_> {
    fn judged(&self, mut group: Group) -> (Burst, MissingData) {
        let known = self.options.service_ms.or(group.alone_ms);
        let service_ms = known.or_else(|| quickest_ms(&group.rows)).unwrap_or(0.0);
        let start_us = self.start_us(&group);
        let found = pattern::plan(&mut group.rows, start_us, service_ms, group.plan);
        group.beyond.last_done_us -= start_us;
        group.beyond.last_ok_us -= start_us;
        let start_ns =
            self.clock_ns.map(|base| base + (start_us * 1e3) as i64).and_then(|ns| u64::try_from(ns).ok());
        for evidence in group.rows.iter_mut().filter_map(|row| row.evidence.as_mut()) {
            evidence.start_ns = start_ns.unwrap_or(0);
        }
        let (rows, beyond) = (group.rows.len(), group.beyond.requests);
        let sent = self.options.n.or(group.plan.and_then(|plan| plan.n));
        let schedule = Schedule {
            c: self.options.c.unwrap_or(found.connections),
            spacing: found.spacing,
            ..Schedule::together(sent.map_or(rows, |sent| sent.saturating_sub(beyond)).max(rows))
        };
        let missing = self.missing(known.is_some(), sent.is_some());
        let trace = Trace {
            schedule,
            service_ms,
            keep_alive: !group.rows.iter().any(|row| row.connects),
            shared_clock: start_ns.is_some() && is_local(&group.key.url),
            rows: group.rows,
            generator: Generator::default(),
            missing,
        };
        let asked = Schedule { n: schedule.n + beyond, ..schedule };
        let url = if group.key.url.is_empty() { self.files.join(" ") } else { group.key.url };
        let verdict = verdict::judge(&trace);
        let burst = Burst::new(url.clone(), endpoint_of(&url), &asked, &trace, group.beyond, verdict);
        (Burst { start_unix_us: start_ns.map(|ns| ns / 1_000), ..burst }, missing)
    }

    fn missing(&self, is_service_known: bool, is_number_known: bool) -> MissingData {
        MissingData {
            service: !is_service_known,
            failures: match (self.format.drops_failures, is_number_known) {
                (false, _) => Failures::Kept,
                (true, true) => Failures::Counted,
                (true, false) => Failures::Unknown,
            },
            requests: self.format.is_summary,
            resolution_us: self.step_us,
        }
    }

    /// When the first request began, by RFC 3339; `None` if the format doesn't tell.
    fn started(&self) -> Option<String> {
        let at = jiff::Timestamp::from_nanosecond(self.clock_ns?.into()).ok()?;
        Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// When a burst started: as planned, or else with its first request.
    fn start_us(&self, group: &Group) -> f64 {
        let began = group.rows.iter().filter_map(Row::began_us).fold(f64::INFINITY, f64::min);
        let planned = group.plan.and_then(|plan| plan.start_ns).zip(self.clock_ns);
        let planned = planned.map(|(start, base)| (start as i128 - base as i128) as f64 / 1e3);
        planned.unwrap_or(if began.is_finite() { began } else { 0.0 })
    }
}

/// What the quickest good answer took, connecting apart; `None` where there was none.
fn quickest_ms(rows: &[Row]) -> Option<f64> {
    let took = rows.iter().filter(|row| row.is_ok()).filter_map(|row| Some(row.done_us - row.sent_us?));
    took.min_by(f64::total_cmp).map(|us| us / 1e3)
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

/// A URL's path with dashes, or what is known instead of it: a file's name.
fn endpoint_of(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(url) => endpoint::name_of(url.path()),
        Err(_) => {
            Path::new(url).file_name().map_or(url.to_owned(), |name| name.to_string_lossy().into_owned())
        }
    }
}

/// Whether what runs there shares the generator's clock: it is the same machine.
fn is_local(url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}
