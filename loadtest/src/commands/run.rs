//! `loadtest run`: setups by systems.

use std::path::PathBuf;

use host::App;
use host::isolation::Policy;

use super::signals::Signals;
use super::{Out, build, manifests_or_default, tell, trusted};
use crate::cli::RunArgs;
use crate::exit::{Exit, Failure, OrExit};
use crate::lab::{Lab, Subject};
use crate::plan;
use crate::report::progress::Progress;
use crate::report::terminal;
use crate::result::Document;
use crate::system::System;
use crate::verdict::Kind;

pub async fn run(args: RunArgs) -> Result<Exit, Failure> {
    let setups = plan::built_in().or_exit(Exit::Usage)?;
    let setups = plan::select(setups, &args.setups).map_err(|error| Failure::new(Exit::Usage, error))?;
    let lab = Lab { setups, time_scale: args.time_scale, policy: args.isolation.into() };
    let out = Out::prepare(args.out)?;
    let subjects = subjects(&args.systems, &args.manifests, args.check, &lab.policy)?;

    let mut document = Document::begin();
    let ended = test_all(&lab, &subjects, &mut document).await;
    // What was measured is kept and told, whatever came after.
    out.write(&document)?;
    if !document.runs.is_empty() {
        tell(&terminal::run(&document, terminal::width()))?;
    }
    match ended {
        Ok(()) if args.check => Ok(checked(&document)),
        Ok(()) => Ok(trusted(&document)),
        Err(Ended::Interrupted) => Ok(Exit::Interrupted),
        Err(Ended::Failed(failure)) => Err(failure),
    }
}

enum Ended {
    Interrupted,
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

async fn test_all(lab: &Lab, subjects: &[Subject], document: &mut Document) -> Result<(), Ended> {
    let mut signals = Signals::catch()?;
    let progress = Progress::begin(subjects.iter().map(|subject| lab.estimate(subject)).sum());
    for subject in subjects {
        let manifest = subject.app.as_ref().map(|app| app.manifest.as_path());
        let running = tokio::select! {
            started = subject.system.start(manifest, &lab.policy) => started?,
            () = signals.next() => return Err(Ended::Interrupted),
        };
        let tested = tokio::select! {
            tested = lab.test(subject, &running, &progress, document) => tested.map_err(Ended::from),
            () = signals.next() => Err(Ended::Interrupted),
        };
        running.stop().await;
        tested?;
    }
    Ok(())
}

fn checked(document: &Document) -> Exit {
    let failed = || document.bursts().filter(|burst| burst.as_expected == Some(false));
    match (failed().count(), failed().all(|burst| burst.verdict.kind == Kind::Inconclusive)) {
        (0, _) => trusted(document),
        (_, true) => Exit::Untrusted,
        (_, false) => Exit::Unexpected,
    }
}

/// Systems by applications: the embedded host runs all that are given, a server that runs already just one.
fn subjects(
    systems: &[System],
    manifests: &[PathBuf],
    check: bool,
    policy: &Policy,
) -> Result<Vec<Subject>, Failure> {
    let embedded = [System::Embedded];
    let systems = if systems.is_empty() { &embedded[..] } else { systems };
    let mut subjects = Vec::new();
    for system in systems {
        let apps: Vec<Option<App>> = match system {
            System::Embedded => manifests_or_default(manifests)
                .iter()
                .map(|manifest| build::up_to_date(manifest).map(Some))
                .collect::<Result<_, _>>()?,
            System::Url(url) => vec![app_behind(url, manifests, check)?],
        };
        for app in apps {
            subjects.push(Subject::new(system.clone(), app, policy)?);
        }
    }
    Ok(subjects)
}

fn app_behind(url: &str, manifests: &[PathBuf], check: bool) -> Result<Option<App>, Failure> {
    let message = match manifests {
        [manifest] => return build::up_to_date(manifest).map(Some),
        [] if !check => return Ok(None),
        [] => format!("--check needs --manifest to know what runs at {url}"),
        _ => format!("only one application can run at {url}: give one --manifest"),
    };
    Err(Failure::new(Exit::Usage, message))
}
