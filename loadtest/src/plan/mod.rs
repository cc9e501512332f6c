//! What to fire: setups, read from TOML.

mod expectation;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use results::document::Isolation;
use serde::Deserialize;

use self::expectation::Expectation;
pub use self::expectation::{Expected, Limits};
use judge::schedule::Schedule;
use judge::verdict::Kind;

use crate::machine;

/// The setups that are built in.
const BUILT_IN: &str = include_str!("../../setups.toml");

/// Bursts that are fired together, and what comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// Such as `3`; what `--setup` names.
    pub id: String,
    /// For people.
    pub title: String,
    /// Whether instances that idle must expire first.
    #[serde(default)]
    pub after_idle: bool,
    /// Whether it is among those that are fired where none is named.
    #[serde(default = "yes")]
    pub default: bool,
    /// Whether what is expected is expected of the embedded host alone: others needn't share the
    /// processors fairly, nor have this machine's.
    #[serde(default)]
    pub embedded_only: bool,
    /// The bursts.
    #[serde(rename = "burst")]
    pub bursts: Vec<PlannedBurst>,
}

/// A burst at one endpoint.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedBurst {
    /// The endpoint's path.
    pub path: String,
    /// How long a request waits there, in milliseconds.
    pub wait_ms: u32,
    /// How many requests are sent.
    pub n: Count,
    /// Over how many connections.
    pub c: Count,
    /// How long after the barrier the burst starts, in milliseconds.
    #[serde(default)]
    pub delay_ms: f64,
    /// How far apart the first `c` sends are, in milliseconds.
    #[serde(default)]
    pub spacing_ms: f64,
    /// What FastAPI did in the original experiment.
    pub fastapi: Option<Kind>,
    /// What the original experiment's author had expected of it.
    pub author_expected: Option<Kind>,
    /// What is expected of whom.
    #[serde(default)]
    expect: Expectations,
}

/// What is expected: of a system by its name, or else by how it treats instances.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    spin: Option<Expectation>,
    wasmtime: Option<Expectation>,
    fastapi: Option<Expectation>,
    fresh: Option<Expectation>,
    shared: Option<Expectation>,
}

impl Expectations {
    fn of(&self, system: &str, isolation: Option<Isolation>) -> Option<&Expectation> {
        let own = match system {
            "spin" => &self.spin,
            "wasmtime" => &self.wasmtime,
            "fastapi" => &self.fastapi,
            _ => &None,
        };
        let by_isolation = match isolation {
            // Nobody meets anybody.
            Some(Isolation::Fresh | Isolation::Reused) => &self.fresh,
            Some(Isolation::Shared) => &self.shared,
            None => &None,
        };
        own.as_ref().or(by_isolation.as_ref())
    }
}

fn yes() -> bool {
    true
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Count {
    /// So many.
    Fixed(usize),
    /// As many times as this machine has processors.
    PerCore {
        /// For each processor.
        per_core: usize,
    },
}

impl Count {
    /// How many that is on this machine.
    pub fn get(self) -> usize {
        match self {
            Self::Fixed(count) => count,
            Self::PerCore { per_core } => per_core * machine::processors(),
        }
    }
}

impl fmt::Display for Count {
    /// A number, and where it comes from: `8 (4 per core)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(count) => count.fmt(f),
            Self::PerCore { per_core } => write!(f, "{} ({per_core} per core)", self.get()),
        }
    }
}

impl fmt::Display for Setup {
    /// A line such as `sync handler: 10 x /e1/p1, 10 s each`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let burst = |burst: &PlannedBurst| {
            format!("{} x {}, {} s each", burst.n, burst.path, f64::from(burst.wait_ms) / 1e3)
        };
        write!(f, "{}: {}", self.title, self.bursts.iter().map(burst).collect::<Vec<_>>().join("; "))
    }
}

impl PlannedBurst {
    /// When its requests are sent, all times multiplied by `scale`.
    pub fn schedule(&self, scale: f64) -> Schedule {
        let scaled = |ms: f64| Duration::from_secs_f64(ms * scale / 1e3);
        Schedule {
            c: self.c.get(),
            delay: scaled(self.delay_ms),
            spacing: scaled(self.spacing_ms),
            ..Schedule::together(self.n.get())
        }
    }

    /// The wait, multiplied by `scale`.
    pub fn wait(&self, scale: f64) -> Duration {
        Duration::from_secs_f64((f64::from(self.wait_ms) * scale / 1e3).max(0.0))
    }

    /// What is expected of the system of this name, which treats instances like this, where it has any, and is
    /// limited by `limits`.
    pub fn expected(&self, system: &str, isolation: Option<Isolation>, limits: &Limits) -> Option<Expected> {
        self.expect.of(system, isolation).map(|expectation| expectation.resolve(self.n.get(), limits))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    setup: Vec<Setup>,
}

/// The built-in setups.
///
/// # Errors
///
/// Never, unless `setups.toml` is wrong, which a test excludes.
pub fn built_in() -> Result<Vec<Setup>, toml::de::Error> {
    toml::from_str::<File>(BUILT_IN).map(|file| file.setup)
}

/// Those of `setups` that `wanted` names, or where it names none, those that are fired by default.
///
/// # Errors
///
/// A line that names the ids there are, where one is unknown.
pub fn select(setups: Vec<Setup>, wanted: &[String]) -> Result<Vec<Setup>, String> {
    let known: Vec<_> = setups.iter().map(|setup| setup.id.clone()).collect();
    if let Some(unknown) = wanted.iter().find(|id| !known.contains(id)) {
        return Err(format!("there is no setup {unknown:?}; there are {}", known.join(", ")));
    }
    let wanted: BTreeSet<_> = wanted.iter().collect();
    let is_wanted =
        |setup: &Setup| if wanted.is_empty() { setup.default } else { wanted.contains(&setup.id) };
    Ok(setups.into_iter().filter(is_wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_setups_are_the_five_original_ones_and_ours() {
        let setups = built_in().unwrap();
        assert_eq!(
            setups.iter().map(|setup| setup.id.as_str()).collect::<Vec<_>>(),
            ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
        );
        let original = |id: usize| {
            setups[id - 1].bursts.iter().map(|burst| (burst.path.as_str(), burst.fastapi)).collect::<Vec<_>>()
        };
        assert_eq!(original(1), [("/e1/p1", Some(Kind::Parallel))]);
        assert_eq!(original(2), [("/e1/p2", Some(Kind::Sequential))]);
        assert_eq!(original(3), [("/e1/p1", Some(Kind::Parallel)), ("/e2/p1", Some(Kind::Parallel))]);
        assert_eq!(original(4), [("/e1/p2", Some(Kind::Sequential)), ("/e2/p2", Some(Kind::Sequential))]);
        assert_eq!(original(5), [("/e1/p1", Some(Kind::Parallel)), ("/e2/p2", Some(Kind::Sequential))]);
        let ten = |burst: &PlannedBurst| (burst.n.get(), burst.c.get()) == (10, 10);
        assert!(setups[..7].iter().flat_map(|setup| &setup.bursts).all(ten));
    }

    #[test]
    fn delays_and_spacings_shrink_with_the_waits() {
        let setups = built_in().unwrap();
        let second = setups[2].bursts[1].schedule(0.1);
        assert_eq!(second.delay, setups[2].bursts[1].wait(0.1) / 20);
        let trap = setups[6].bursts[0].schedule(0.1);
        assert_eq!(trap.spacing, setups[6].bursts[0].wait(0.1) / 200);
    }

    #[test]
    fn an_unknown_setup_is_said_with_those_there_are() {
        let error = select(built_in().unwrap(), &["10".into()]).unwrap_err();
        assert_eq!(error, "there is no setup \"10\"; there are 1, 2, 3, 4, 5, 6, 7, 8, 9");
        assert_eq!(select(built_in().unwrap(), &["7".into(), "1".into()]).unwrap().len(), 2);
    }

    #[test]
    fn setup_9_is_fired_where_it_is_named() {
        let ids = |wanted: &[String]| {
            select(built_in().unwrap(), wanted).unwrap().into_iter().map(|setup| setup.id).collect::<Vec<_>>()
        };
        assert!(!ids(&[]).contains(&"9".to_owned()));
        assert_eq!(ids(&["9".into()]), ["9"]);
    }

    #[test]
    fn a_system_that_is_named_has_expectations_of_its_own() {
        let setups = built_in().unwrap();
        let limits = Limits { cores: 2..=2, room: 1..=1 };
        let expected = |setup: usize, system, isolation| {
            setups[setup - 1].bursts[0].expected(system, isolation, &limits).map(|expected| expected.kind)
        };
        assert_eq!(expected(2, "fastapi", None), Some(Kind::Sequential));
        assert_eq!(expected(2, "wasmtime", Some(Isolation::Fresh)), Some(Kind::Parallel));
        assert_eq!(expected(9, "wasmtime", Some(Isolation::Fresh)), Some(Kind::Refused));
        assert_eq!(expected(9, "embedded", Some(Isolation::Fresh)), Some(Kind::Parallel));
        assert_eq!(expected(9, "fastapi", None), Some(Kind::Limited));
        assert_eq!(expected(2, "http://127.0.0.1:3000", None), None);
    }

    #[test]
    fn setup_8_keeps_every_processor_busy_and_says_so() {
        let setups = built_in().unwrap();
        let [burning, awaiting] = &setups[7].bursts[..] else { panic!("two bursts") };
        let n = 4 * machine::processors();
        assert_eq!((burning.n.get(), burning.c.get(), awaiting.n.get()), (n, n, 10));
        assert!(setups[7].to_string().contains(&format!("{n} (4 per core) x /e2/p5")), "{}", setups[7]);
    }
}
