//! The plan: setups, read from TOML. Built in are those of the lab; `run --plan FILE` reads a user's own.

mod burst;
mod count;
mod expectation;
mod expectations;
mod file;
mod init;
mod request;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use host::ManifestError as Error;

pub use self::burst::PlannedBurst;
pub use self::count::Count;
pub use self::expectation::{Expected, Limits};
pub use self::file::schema;
pub use self::init::first as first_plan;
pub use self::request::{PlannedRequest, statuses};

/// The built-in setups.
const BUILT_IN: &str = include_str!("../../setups.toml");

/// Bursts that are fired together, with their expected verdicts.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The value for `--setup`, such as `3`.
    pub id: String,
    /// A short description.
    pub title: String,
    /// Whether idle instances must expire before the burst.
    pub after_idle: bool,
    /// Whether it runs if `--setup` is not given.
    pub default: bool,
    /// Whether the expectations hold for the embedded host only. Another system may share the processors unfairly, or may
    /// have other processors than this machine.
    pub embedded_only: bool,
    /// The bursts.
    pub bursts: Vec<PlannedBurst>,
}

impl fmt::Display for Setup {
    /// A line such as `sync handler: 10 x /e1/p1, 10 s each`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bursts: Vec<String> = self.bursts.iter().map(PlannedBurst::to_string).collect();
        match self.title.is_empty() {
            true => f.write_str(&bursts.join("; ")),
            false => write!(f, "{}: {}", self.title, bursts.join("; ")),
        }
    }
}

/// The built-in setups. `systems` are the names for which a setup may have expectations.
///
/// # Errors
///
/// If `setups.toml` has an error, or an expectation for an unknown system.
pub fn built_in(systems: &[&str]) -> Result<Vec<Setup>, Error> {
    file::parse("setups.toml".as_ref(), BUILT_IN, systems)
}

/// The setups in the file at `path`. `systems` are the names for which a setup may have expectations.
///
/// # Errors
///
/// An [`Error`] with the file's path, line and column, and what is allowed.
pub fn read(path: &Path, systems: &[&str]) -> Result<Vec<Setup>, Error> {
    let unreadable = |error| Error::at(path, "", None, &format!("cannot read: {error}"));
    file::parse(path, &std::fs::read_to_string(path).map_err(unreadable)?, systems)
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
    use judge::verdict::Kind;
    use results::document::Isolation;

    use super::*;
    use crate::machine;

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
