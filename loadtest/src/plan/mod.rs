//! The plan: setups, read from TOML.

mod expectation;
mod expectations;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use judge::schedule::Schedule;
use judge::verdict::Kind;
use results::document::Isolation;
use serde::Deserialize;
use serde::de::Error;

pub use self::expectation::{Expected, Limits};
use self::expectations::Expectations;
use crate::machine;

/// The built-in setups.
const BUILT_IN: &str = include_str!("../../setups.toml");

/// Bursts that are fired together, with their expected verdicts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The value for `--setup`, such as `3`.
    pub id: String,
    /// A short description.
    pub title: String,
    /// Whether idle instances must expire before the burst.
    #[serde(default)]
    pub after_idle: bool,
    /// Whether it runs if `--setup` is not given.
    #[serde(default = "yes")]
    pub default: bool,
    /// Whether the expectations hold for the embedded host only. Another system may share the processors unfairly, or may
    /// have other processors than this machine.
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
    /// The wait of each request, in milliseconds.
    pub wait_ms: u32,
    /// The number of requests.
    pub n: Count,
    /// The number of connections.
    pub c: Count,
    /// The delay from the barrier to the burst's start, in milliseconds.
    #[serde(default)]
    pub delay_ms: f64,
    /// The time between the first `c` sends, in milliseconds.
    #[serde(default)]
    pub spacing_ms: f64,
    /// The verdict for FastAPI in the original experiment.
    pub fastapi: Option<Kind>,
    /// The verdict that the original experiment's author expected of FastAPI.
    pub author_expected: Option<Kind>,
    #[serde(default)]
    expect: Expectations,
}

fn yes() -> bool {
    true
}

/// A number of requests or connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Count {
    /// A fixed number.
    Fixed(usize),
    /// A multiple of this machine's number of processors.
    PerCore {
        /// The number for each processor.
        per_core: usize,
    },
}

impl Count {
    /// The number on this machine.
    pub fn get(self) -> usize {
        match self {
            Self::Fixed(count) => count,
            Self::PerCore { per_core } => per_core * machine::processors(),
        }
    }
}

impl fmt::Display for Count {
    /// The number with its origin, such as `8 (4 per core)`.
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
    /// The send times of the requests. All times are multiplied by `scale`.
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

    /// The expected verdict for `system`, with the `isolation` of its instances (`None` if unknown) and `limits`. `None`
    /// if the plan has no expectation.
    pub fn expected(&self, system: &str, isolation: Option<Isolation>, limits: &Limits) -> Option<Expected> {
        self.expect.of(system, isolation).map(|expectation| expectation.resolve(self.n.get(), limits))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    setup: Vec<Setup>,
}

/// The built-in setups. `systems` are the names for which a setup may have expectations.
///
/// # Errors
///
/// If `setups.toml` has an error, or an expectation for an unknown system.
pub fn built_in(systems: &[&str]) -> Result<Vec<Setup>, toml::de::Error> {
    let setups = toml::from_str::<File>(BUILT_IN)?.setup;
    for setup in &setups {
        for burst in &setup.bursts {
            burst.expect.check(systems).map_err(|error| {
                toml::de::Error::custom(format!("setup {}, {}: {error}", setup.id, burst.path))
            })?;
        }
    }
    Ok(setups)
}

/// The setups with an id in `wanted`, or the default setups if `wanted` is empty.
///
/// # Errors
///
/// A line with the known ids, if `wanted` has an unknown id.
pub fn select(setups: Vec<Setup>, wanted: &[String]) -> Result<Vec<Setup>, String> {
    let known: Vec<_> = setups.iter().map(|setup| setup.id.clone()).collect();
    if let Some(unknown) = wanted.iter().find(|id| !known.contains(id)) {
        return Err(format!("no setup has the id {unknown:?}; the ids are {}", known.join(", ")));
    }
    let wanted: BTreeSet<_> = wanted.iter().collect();
    let is_wanted =
        |setup: &Setup| if wanted.is_empty() { setup.default } else { wanted.contains(&setup.id) };
    Ok(setups.into_iter().filter(is_wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEMS: [&str; 3] = ["spin", "wasmtime", "fastapi"];

    fn setups() -> Vec<Setup> {
        built_in(&SYSTEMS).unwrap()
    }

    #[test]
    fn the_built_in_setups_start_with_the_five_original_setups() {
        let setups = setups();
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
    fn an_expectation_for_an_unknown_system_is_an_error_with_its_place() {
        let error = built_in(&["spin", "wasmtime"]).unwrap_err().to_string();
        assert!(error.contains("setup 1, /e1/p1: unknown key `fastapi` in `expect`"), "{error}");
    }

    #[test]
    fn delays_and_spacings_shrink_with_the_waits() {
        let setups = setups();
        let second = setups[2].bursts[1].schedule(0.1);
        assert_eq!(second.delay, setups[2].bursts[1].wait(0.1) / 20);
        let trap = setups[6].bursts[0].schedule(0.1);
        assert_eq!(trap.spacing, setups[6].bursts[0].wait(0.1) / 200);
    }

    #[test]
    fn an_unknown_setup_id_is_an_error_with_the_known_ids() {
        let error = select(setups(), &["10".into()]).unwrap_err();
        assert_eq!(error, "no setup has the id \"10\"; the ids are 1, 2, 3, 4, 5, 6, 7, 8, 9");
        assert_eq!(select(setups(), &["7".into(), "1".into()]).unwrap().len(), 2);
    }

    #[test]
    fn setup_9_runs_only_if_selected() {
        let ids = |wanted: &[String]| {
            select(setups(), wanted).unwrap().into_iter().map(|setup| setup.id).collect::<Vec<_>>()
        };
        assert!(!ids(&[]).contains(&"9".to_owned()));
        assert_eq!(ids(&["9".into()]), ["9"]);
    }

    #[test]
    fn expectations_by_system_override_expectations_by_isolation() {
        let setups = setups();
        let limits = Limits { cores: 2..=2, instance_concurrency: 1..=1 };
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
    fn setup_8_scales_with_the_number_of_processors() {
        let setups = setups();
        let [burning, awaiting] = &setups[7].bursts[..] else { panic!("two bursts") };
        let n = 4 * machine::processors();
        assert_eq!((burning.n.get(), burning.c.get(), awaiting.n.get()), (n, n, 10));
        assert!(setups[7].to_string().contains(&format!("{n} (4 per core) x /e2/p5")), "{}", setups[7]);
    }
}
