//! The requests of files, gathered to bursts.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use anyhow::bail;

use super::pattern::{self, Plan};
use super::{Format, Source};
use crate::cli::Statuses;
use crate::input::{Broken, Input};
use crate::machine::Machine;
use crate::plan;
use crate::result::{Burst, Document, Run};
use crate::schedule::Schedule;
use crate::tally::Tally;
use crate::trace::{Evidence, Failures, Gaps, Generator, Outcome, Row, Trace};
use crate::verdict;

/// More different bursts than this are none that anybody meant.
const MOST: usize = 100;
/// No request takes longer than this, in microseconds: a hundred days.
const LONGEST_US: f64 = 8.64e12;

/// How files are to be read.
#[derive(Debug, Clone)]
pub struct Options {
    /// What one request alone takes, in milliseconds, where that is known.
    pub service_ms: Option<f64>,
    /// How many requests were sent.
    pub n: Option<usize>,
    /// Over how many connections.
    pub c: Option<usize>,
    /// Which statuses count as good.
    pub good: Statuses,
    /// How many requests are kept one by one, of all bursts together.
    pub keep: usize,
}

/// What tells one burst of a file from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// The setup, where one is named.
    pub setup: String,
    /// The URL; empty where it isn't known.
    pub url: String,
}

/// A request, as files have it.
#[derive(Debug, Default)]
pub struct Request {
    /// Of which burst.
    pub key: Key,
    /// When it began, connecting included: in nanoseconds since 1970, or since the tool's start.
    pub began_ns: i64,
    /// How long it took in all, in microseconds.
    pub took_us: f64,
    /// How much of that was connecting.
    pub connect_us: Option<f64>,
    /// After what time the first byte of the answer came.
    pub first_byte_us: Option<f64>,
    /// The answer.
    pub outcome: Outcome,
    /// What its reply says.
    pub evidence: Option<Evidence>,
    /// The reply's Server header.
    pub server: Option<String>,
    /// What its reply is found by, where that comes later.
    pub id: Option<Id>,
}

/// A virtual user and its iteration.
pub type Id = (u64, u64);

/// All bursts of the files.
pub struct Bursts<'a> {
    format: Format,
    options: &'a Options,
    /// Which file is read.
    part: usize,
    /// When the first request of all began; times count from there.
    base_ns: Option<i64>,
    step_us: f64,
    groups: Vec<Group>,
    known: HashMap<Key, usize>,
    kept: usize,
    broken: Broken,
}

/// A burst's requests.
#[derive(Default)]
struct Group {
    key: Key,
    /// Times count from the base.
    rows: Vec<Row>,
    beyond: Tally,
    by_id: HashMap<(usize, Id), usize>,
    plan: Option<Plan>,
    alone_ms: Option<f64>,
}

impl<'a> Bursts<'a> {
    pub fn new(format: Format, options: &'a Options) -> Self {
        Self {
            format,
            options,
            part: 0,
            base_ns: None,
            step_us: 0.0,
            groups: Vec::new(),
            known: HashMap::new(),
            kept: 0,
            broken: Broken::default(),
        }
    }

    /// From now on requests are of the file of this number.
    pub fn begin(&mut self, part: usize) {
        self.part = part;
    }

    /// Says that times are only known in steps of so many microseconds.
    pub fn coarsen(&mut self, step_us: f64) {
        self.step_us = self.step_us.max(step_us);
    }

    /// Notes rows that could not be read.
    pub fn add_broken(&mut self, broken: Broken) {
        self.broken.extend(broken);
    }

    /// All lines of `input`: `request` says what is in one, where it isn't a header.
    pub fn read(
        &mut self,
        input: &mut Input,
        request: impl Fn(&[u8]) -> Result<Option<Request>, String>,
    ) -> anyhow::Result<()> {
        let broken = input.each_line(|line| match request(line)? {
            Some(request) => self.add(request),
            None => Ok(()),
        })?;
        self.add_broken(broken);
        Ok(())
    }

    /// One more request, or what is wrong with it.
    pub fn add(&mut self, request: Request) -> Result<(), String> {
        let Request { took_us, began_ns, .. } = request;
        if !(0.0..=LONGEST_US).contains(&took_us) {
            return Err(format!("it took {took_us} us, which no request does"));
        }
        let base_ns = *self.base_ns.get_or_insert(began_ns);
        let began = (began_ns as i128 - base_ns as i128) as f64 / 1e3;
        if began.abs() > LONGEST_US {
            return Err("it began a hundred days or more from the first".to_owned());
        }
        let connect_us = request.connect_us.filter(|us| (0.0..=took_us).contains(us));
        let row = Row {
            connect_us,
            connects: connect_us.is_some_and(|us| us > 0.0),
            sent_us: Some(began + connect_us.unwrap_or(0.0)),
            first_byte_us: request.first_byte_us.map(|us| began + us.clamp(0.0, took_us)),
            done_us: began + took_us,
            good: match request.outcome {
                Outcome::Answered(status) => {
                    Some(self.options.good.iter().any(|good| good.contains(&status)))
                }
                _ => None,
            },
            outcome: request.outcome,
            evidence: request.evidence,
            server: request.server,
            ..Row::default()
        };
        let (part, is_kept) = (self.part, self.kept < self.options.keep);
        let group = self.group(request.key)?;
        if is_kept {
            group.by_id.extend(request.id.map(|id| ((part, id), group.rows.len())));
            group.rows.push(row);
            self.kept += 1;
        } else {
            group.beyond.add(&row);
        }
        Ok(())
    }

    /// What the reply to a request says that was added before.
    pub fn add_reply(&mut self, key: Key, id: Id, evidence: Evidence) -> Result<(), String> {
        let part = self.part;
        let group = self.group(key)?;
        if let Some(row) = group.by_id.get(&(part, id)).and_then(|at| group.rows.get_mut(*at)) {
            row.evidence = Some(evidence);
        }
        Ok(())
    }

    /// How the burst was to be sent.
    pub fn add_plan(&mut self, key: Key, plan: Plan) -> Result<(), String> {
        self.group(key)?.plan = Some(plan);
        Ok(())
    }

    /// What one request alone took.
    pub fn add_alone(&mut self, key: Key, ms: f64) -> Result<(), String> {
        self.group(key)?.alone_ms = Some(ms);
        Ok(())
    }

    fn group(&mut self, key: Key) -> Result<&mut Group, String> {
        let at = match self.known.get(&key) {
            Some(at) => *at,
            None if self.groups.len() == MOST => {
                return Err(format!("more than {MOST} different URLs and setups; {:?} is one more", key.url));
            }
            None => {
                self.known.insert(key.clone(), self.groups.len());
                self.groups.push(Group { key, ..Group::default() });
                self.groups.len() - 1
            }
        };
        self.groups.get_mut(at).ok_or_else(String::new)
    }

    /// All of it, judged.
    pub fn document(self, files: Vec<String>) -> anyhow::Result<Document> {
        let Self { format, options, base_ns, groups, broken, step_us, .. } = self;
        let alone: HashMap<String, f64> =
            groups.iter().filter_map(|group| Some((group.key.url.clone(), group.alone_ms?))).collect();
        let fired: Vec<Group> =
            groups.into_iter().filter(|group| group.rows.len() + group.beyond.requests > 0).collect();
        if fired.is_empty() {
            let broken = broken
                .first
                .map_or(String::new(), |first| format!("; {} rows are broken ({first})", broken.count));
            bail!("{}: no request is in it{broken}", files.join(", "));
        }
        if fired.len() > 1 && (options.n.is_some() || options.c.is_some()) {
            bail!("-n and -c are for one burst, and there are {}", fired.len());
        }
        let mut document =
            Document { machine: Machine::unknown(), generator: Default::default(), ..Document::begin() };
        let is_dated =
            matches!(format, Format::K6Json | Format::K6Csv | Format::VegetaJson | Format::VegetaCsv);
        let clock_ns = base_ns.filter(|_| is_dated);
        document.started = started(clock_ns, &files);
        let mut lacks: Vec<String> = format.lacks().iter().map(|&lack| lack.to_owned()).collect();
        if step_us > 1e5 {
            lacks.push(
                "Its times are whole seconds: set K6_CSV_TIME_FORMAT=unix_nano, or give k6's JSON."
                    .to_owned(),
            );
        }
        lacks.push(format!("How busy the load generator was, {} doesn't say.", format.tool()));
        if broken.count > 0 {
            let first = broken.first.unwrap_or_default();
            lacks.push(format!(
                "{} rows could not be read, and are left out; the first: {first}.",
                broken.count
            ));
        }
        let mut guessed = false;
        for mut group in fired {
            // A request alone is sent once for all setups of a URL.
            group.alone_ms = group.alone_ms.or_else(|| alone.get(&group.key.url).copied());
            let setup = if group.key.setup.is_empty() { "burst" } else { &group.key.setup }.to_owned();
            let (burst, gaps) = group.judged(format, options, step_us, clock_ns, &files);
            guessed |= gaps.service;
            add(&mut document, format.tool(), setup, burst);
        }
        if guessed {
            lacks.push(
                "What one request takes alone isn't in it: the quickest answer stands in for that (--service-ms says it)."
                    .to_owned(),
            );
        }
        document.source = Some(Source {
            tool: format.tool().to_owned(),
            format: format.name().to_owned(),
            files,
            lacks,
            broken_rows: broken.count,
        });
        Ok(document)
    }
}

impl Group {
    fn judged(
        mut self,
        format: Format,
        options: &Options,
        step_us: f64,
        clock_ns: Option<i64>,
        files: &[String],
    ) -> (Burst, Gaps) {
        let quickest =
            self.rows.iter().filter(|row| row.is_ok()).filter_map(|row| Some(row.done_us - row.sent_us?));
        let known = options.service_ms.or(self.alone_ms);
        let service_ms = known.unwrap_or_else(|| quickest.fold(f64::INFINITY, f64::min) / 1e3);
        let start_us = self.start_us(clock_ns);
        let found = pattern::plan(&mut self.rows, start_us, service_ms, self.plan);
        self.beyond.last_done_us -= start_us;
        self.beyond.last_ok_us -= start_us;
        let start_ns =
            clock_ns.map(|base| base + (start_us * 1e3) as i64).and_then(|ns| u64::try_from(ns).ok());
        for evidence in self.rows.iter_mut().filter_map(|row| row.evidence.as_mut()) {
            evidence.start_ns = start_ns.unwrap_or(0);
        }
        let sent = options.n.or(self.plan.and_then(|plan| plan.n));
        let schedule = Schedule {
            c: options.c.unwrap_or(found.connections),
            spacing: found.spacing,
            ..Schedule::together(sent.unwrap_or(self.rows.len()).max(self.rows.len()))
        };
        let gaps = Gaps {
            service: known.is_none(),
            failures: match (format.drops_failures(), sent) {
                (false, _) => Failures::Kept,
                (true, Some(_)) => Failures::Counted,
                (true, None) => Failures::Unseen,
            },
            summary: format == Format::OhaJson,
            resolution_us: step_us,
        };
        let trace = Trace {
            schedule,
            service_ms: if service_ms.is_finite() { service_ms } else { 0.0 },
            keep_alive: !self.rows.iter().any(|row| row.connects),
            shared_clock: start_ns.is_some() && is_local(&self.key.url),
            rows: self.rows,
            generator: Generator::default(),
            gaps,
        };
        let asked = Schedule { n: schedule.n + self.beyond.requests, ..schedule };
        let url = if self.key.url.is_empty() { files.join(" ") } else { self.key.url };
        let verdict = verdict::judge(&trace);
        let burst = Burst::new(url.clone(), endpoint_of(&url), &asked, &trace, self.beyond, verdict);
        (Burst { start_unix_us: start_ns.map(|ns| ns / 1_000), ..burst }, gaps)
    }

    /// When it started: as planned, or else with its first request.
    fn start_us(&self, clock_ns: Option<i64>) -> f64 {
        let began = self.rows.iter().filter_map(Row::began_us).fold(f64::INFINITY, f64::min);
        let planned = self.plan.and_then(|plan| plan.start_ns).zip(clock_ns);
        let planned = planned.map(|(start, base)| (start as i128 - base as i128) as f64 / 1e3);
        planned.unwrap_or(if began.is_finite() { began } else { 0.0 })
    }
}

/// To the run of its setup, with what the plan knows of that.
fn add(document: &mut Document, tool: &str, setup: String, mut burst: Burst) {
    let setups = plan::built_in().unwrap_or_default();
    let planned = setups.into_iter().find(|one| one.id == setup);
    let known = planned
        .as_ref()
        .and_then(|one| one.bursts.iter().find(|planned| endpoint::name_of(&planned.path) == burst.endpoint));
    burst.fastapi = known.and_then(|planned| planned.fastapi);
    burst.author_expected = known.and_then(|planned| planned.author_expected);
    match document.runs.iter_mut().find(|run| run.setup == setup) {
        Some(run) => run.bursts.push(burst),
        None => document.runs.push(Run {
            system: tool.to_owned(),
            manifest: None,
            instances: None,
            round: 1,
            setup,
            title: planned.map(|one| one.title).unwrap_or_default(),
            generator: None,
            bursts: vec![burst],
        }),
    }
}

/// A URL's path with dashes, or what is known instead of it: a file's name.
fn endpoint_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => endpoint::name_of(url.path()),
        Err(_) => {
            Path::new(url).file_name().map_or(url.to_owned(), |name| name.to_string_lossy().into_owned())
        }
    }
}

/// Whether what runs there shares the generator's clock: it is the same machine.
fn is_local(url: &str) -> bool {
    let url = reqwest::Url::parse(url).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

/// When the first request began, or else when the file was written.
fn started(clock_ns: Option<i64>, files: &[String]) -> String {
    let written = || files.iter().find_map(|file| std::fs::metadata(file).ok()?.modified().ok());
    let at = clock_ns
        .and_then(|ns| jiff::Timestamp::from_nanosecond(ns.into()).ok())
        .or_else(|| jiff::Timestamp::try_from(written()?).ok())
        .unwrap_or_else(jiff::Timestamp::now);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
