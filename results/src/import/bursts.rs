//! The requests of files, gathered to bursts.

use std::collections::HashMap;

use judge::aggregate::Aggregate;
use judge::trace::Statuses;
use judge::trace::{Evidence, Outcome, Row};

use super::format::Format;
use super::pattern::Plan;
use crate::input::{Broken, Input};

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
    pub format: &'static Format,
    pub options: &'a Options,
    /// Which file is read.
    part: usize,
    /// When the first request of all began; times count from there.
    pub base_ns: Option<i64>,
    /// How coarse times are.
    pub step_us: f64,
    pub groups: Vec<Group>,
    known: HashMap<Key, usize>,
    kept: usize,
    pub broken: Broken,
}

/// A burst's requests.
#[derive(Default)]
pub struct Group {
    pub key: Key,
    /// Those that are kept; times count from the base.
    pub rows: Vec<Row>,
    /// Those that are only counted.
    pub beyond: Aggregate,
    by_id: HashMap<(usize, Id), usize>,
    /// How it was to be sent, where the file says so.
    pub plan: Option<Plan>,
    /// What one request alone took, where the file says so.
    pub alone_ms: Option<f64>,
}

impl<'a> Bursts<'a> {
    pub fn new(format: &'static Format, options: &'a Options) -> Self {
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
}
