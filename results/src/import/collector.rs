//! Collects the requests of files, grouped by burst.

use std::collections::HashMap;

use judge::aggregate::Aggregate;
use judge::trace::{Evidence, Outcome, Row};

use super::options::Options;
use super::send_plan::SendPlan;
use super::summed::Summed;
use crate::input::{Input, RejectedRows};

/// The most bursts of a file. More of them are a mistake, such as a URL with a random part.
const MAX_GROUPS: usize = 100;
/// The most runs of a file. More of them are a mistake.
const MAX_RUNS: usize = 100;
/// The most latencies of requests alone that are kept of each burst.
const MAX_SOLOS: usize = 1_000;
/// The longest duration, in microseconds: a hundred days. Longer ones are errors.
const MAX_DURATION_US: f64 = 8.64e12;

/// The identity of a burst in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// The setup; empty if none is named.
    pub setup: String,
    /// The URL; empty if unknown.
    pub url: String,
}

/// A request of a file.
#[derive(Debug, Default)]
pub struct Request {
    /// The burst.
    pub key: Key,
    /// The start, connecting included, in nanoseconds since 1970 or since the tool's start.
    pub start_ns: i64,
    /// The total duration, in microseconds.
    pub duration_us: f64,
    /// The part of the duration for connecting.
    pub connect_us: Option<f64>,
    /// The time from the start to the answer's first byte.
    pub first_byte_us: Option<f64>,
    /// The answer or the error.
    pub outcome: Outcome,
    /// The evidence in the reply.
    pub evidence: Option<Evidence>,
    /// The reply's Server header.
    pub server: Option<String>,
    /// The id of the request, if its reply comes later.
    pub id: Option<RequestId>,
}

/// A virtual user and its iteration.
pub type RequestId = (u64, u64);

/// The requests of all files.
pub struct Collector<'a> {
    pub options: &'a Options,
    /// The index of the current file.
    file: usize,
    /// The current run of the file, from 0: tools append to a file that exists.
    run: usize,
    /// The start of the first request, which all times count from.
    pub base_ns: Option<i64>,
    /// The resolution of the times, in microseconds.
    pub resolution_us: f64,
    pub groups: Vec<Group>,
    group_of: HashMap<(usize, Key), usize>,
    kept: usize,
    pub rejected: RejectedRows,
    /// The summaries of bursts without single requests.
    pub summaries: Vec<Summed>,
    /// What was noticed about the files, one sentence each.
    pub notes: Vec<String>,
}

/// A burst's requests.
#[derive(Default)]
pub struct Group {
    pub key: Key,
    /// The run of the file, from 0.
    pub run: usize,
    /// The kept requests.
    pub rows: Vec<Row>,
    /// The aggregate of the requests that are not kept.
    pub counted_only: Aggregate,
    /// The index of a row by its file and its request's id.
    by_id: HashMap<(usize, RequestId), usize>,
    /// The plan of the sends, if the file has it.
    pub plan: Option<SendPlan>,
    /// The latencies of requests alone, in their order; empty if the file has none.
    pub solos_ms: Vec<f64>,
}

impl Group {
    /// Adds the requests of a group that measured at the same time.
    pub fn join(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.solos_ms.extend(other.solos_ms);
    }
}

impl<'a> Collector<'a> {
    pub fn new(options: &'a Options) -> Self {
        Self {
            options,
            file: 0,
            run: 0,
            base_ns: None,
            resolution_us: 0.0,
            groups: Vec::new(),
            group_of: HashMap::new(),
            kept: 0,
            rejected: RejectedRows::default(),
            summaries: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Starts the file with this index.
    pub fn start_file(&mut self, file: usize) {
        self.file = file;
        self.run = 0;
    }

    /// Starts the run of the file with this index.
    pub fn start_run(&mut self, run: usize) -> Result<(), String> {
        if run >= MAX_RUNS {
            return Err(format!("more than {MAX_RUNS} runs in a file"));
        }
        self.run = run;
        Ok(())
    }

    /// Records what was noticed about a file, as a sentence; once.
    pub fn note(&mut self, sentence: String) {
        if !self.notes.contains(&sentence) {
            self.notes.push(sentence);
        }
    }

    /// Adds summaries of bursts.
    pub fn add_summaries(&mut self, summaries: Vec<Summed>) {
        self.summaries.extend(summaries);
    }

    /// Records that times have at best this resolution, in microseconds.
    pub fn limit_resolution(&mut self, resolution_us: f64) {
        self.resolution_us = self.resolution_us.max(resolution_us);
    }

    /// Records rows that could not be read.
    pub fn add_rejected(&mut self, rejected: RejectedRows) {
        self.rejected.extend(rejected);
    }

    /// Adds all lines of `input` that follow a line that begins with `header`. A second header begins another run. `request`
    /// parses a line by its header, and returns `None` for a line without a request.
    pub fn read_table(
        &mut self,
        input: &mut Input,
        header: &str,
        request: impl Fn(&[u8], &[u8]) -> Result<Option<Request>, String>,
    ) -> anyhow::Result<()> {
        let mut found = Vec::new();
        let mut headers = 0;
        let rejected = input.each_line(|line| {
            if line.trim_ascii_start().starts_with(header.as_bytes()) {
                found = line.to_vec();
                headers += 1;
                return self.start_run(headers - 1);
            }
            match headers {
                0 => Ok(()),
                _ => request(&found, line)?.map_or(Ok(()), |request| self.add(request)),
            }
        })?;
        self.add_rejected(rejected);
        Ok(())
    }

    /// Adds a request. The error says what is wrong with it.
    pub fn add(&mut self, request: Request) -> Result<(), String> {
        let Request { duration_us, start_ns, .. } = request;
        if !(0.0..=MAX_DURATION_US).contains(&duration_us) {
            return Err(format!("a duration of {duration_us} us is out of range"));
        }
        let base_ns = *self.base_ns.get_or_insert(start_ns);
        let start = (start_ns as i128 - base_ns as i128) as f64 / 1e3;
        if start.abs() > MAX_DURATION_US {
            return Err("the start is more than a hundred days from the first request".to_owned());
        }
        let connect_us = request.connect_us.filter(|us| (0.0..=duration_us).contains(us));
        let row = Row {
            connect_us,
            connects: connect_us.is_some_and(|us| us > 0.0),
            sent_us: Some(start + connect_us.unwrap_or(0.0)),
            first_byte_us: request.first_byte_us.map(|us| start + us.clamp(0.0, duration_us)),
            done_us: start + duration_us,
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
        let (file, is_kept) = (self.file, self.kept < self.options.max_rows);
        let group = self.group(request.key)?;
        if is_kept {
            group.by_id.extend(request.id.map(|id| ((file, id), group.rows.len())));
            group.rows.push(row);
            self.kept += 1;
        } else {
            group.counted_only.add(&row);
        }
        Ok(())
    }

    /// Adds the evidence in the reply to a request that was added before.
    pub fn add_reply(&mut self, key: Key, id: RequestId, evidence: Evidence) -> Result<(), String> {
        let file = self.file;
        let group = self.group(key)?;
        if let Some(row) = group.by_id.get(&(file, id)).and_then(|at| group.rows.get_mut(*at)) {
            row.evidence = Some(evidence);
        }
        Ok(())
    }

    /// Adds the plan of a burst's sends.
    pub fn add_plan(&mut self, key: Key, plan: SendPlan) -> Result<(), String> {
        self.group(key)?.plan = Some(plan);
        Ok(())
    }

    /// Adds the latency of a request alone, in milliseconds.
    pub fn add_solo(&mut self, key: Key, ms: f64) -> Result<(), String> {
        let solos_ms = &mut self.group(key)?.solos_ms;
        if solos_ms.len() < MAX_SOLOS {
            solos_ms.push(ms);
        }
        Ok(())
    }

    fn group(&mut self, key: Key) -> Result<&mut Group, String> {
        let of_run = (self.run, key);
        let at = match self.group_of.get(&of_run) {
            Some(at) => *at,
            None if self.groups.len() == MAX_GROUPS => {
                return Err(format!(
                    "more than {MAX_GROUPS} different URLs and setups; {:?} is one more",
                    of_run.1.url
                ));
            }
            None => {
                let (run, key) = of_run.clone();
                self.group_of.insert(of_run, self.groups.len());
                self.groups.push(Group { key, run, ..Group::default() });
                self.groups.len() - 1
            }
        };
        self.groups.get_mut(at).ok_or_else(String::new)
    }
}
