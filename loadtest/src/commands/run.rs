//! `loadtest run`: setups by systems.

use std::path::PathBuf;
use std::time::Duration;

use host::isolation::Policy;

use super::signals::{Ended, Signals};
use super::{Out, build, manifests_or_default, tell, trusted};
use crate::cli::{AppArgs, RunArgs};
use crate::exit::{Exit, Failure, OrExit};
use crate::lab::{Lab, Subject};
use crate::plan;
use crate::progress::Progress;
use crate::report::{note, terminal};
use crate::result::Document;
use crate::system::System;
use crate::verdict::Kind;

/// How long after its connections' end a dead system is waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub async fn run(args: RunArgs, signals: &mut Signals) -> Result<Exit, Ended> {
    let setups = plan::built_in().or_exit(Exit::Usage)?;
    let setups = plan::select(setups, &args.setups).map_err(|error| Failure::new(Exit::Usage, error))?;
    let lab = Lab { setups, time_scale: args.time_scale, policy: args.isolation.into() };
    let out = Out::prepare(args.out)?;
    let subjects = subjects(&args.systems, &args.manifests, args.check, &args.app, &lab.policy);
    let subjects = signals.or_end(subjects).await?;

    let mut document = Document::begin();
    let ended = test_all(&lab, &subjects, &args.app, &mut document, signals).await;
    // What was measured is kept and told, whatever came after.
    if !document.runs.is_empty() {
        if ended.is_err() {
            note("Cut short; these are the results so far:");
        }
        out.write(&document)?;
        tell(&terminal::run(&document, terminal::width()))?;
    }
    ended?;
    Ok(if args.check { checked(&document) } else { trusted(&document) })
}

async fn test_all(
    lab: &Lab,
    subjects: &[Subject],
    app: &AppArgs,
    document: &mut Document,
    signals: &mut Signals,
) -> Result<(), Ended> {
    let progress = Progress::begin(subjects.iter().map(|subject| lab.estimate(subject)).sum());
    for subject in subjects {
        let manifest = subject.app.as_ref().map(|app| app.manifest.as_path());
        let mut running = signals.or_end(subject.system.start(manifest, app, &lab.policy)).await?;
        let base_url = running.base_url.clone();
        let tested = async {
            let tested = tokio::select! {
                tested = lab.test(subject, &base_url, &progress, document) => tested,
                died = running.died() => return Err(died),
            };
            // Its connections close a moment before it is known to be dead.
            match tokio::time::timeout(LAST_WORDS, running.died()).await {
                Ok(died) => Err(died),
                Err(_) => tested,
            }
        };
        let tested = signals.or_end(tested).await;
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
async fn subjects(
    systems: &[System],
    manifests: &[PathBuf],
    check: bool,
    app: &AppArgs,
    policy: &Policy,
) -> Result<Vec<Subject>, Failure> {
    let embedded = [System::Embedded];
    let systems = if systems.is_empty() { &embedded[..] } else { systems };
    let mut subjects = Vec::new();
    for system in systems {
        let manifests = match system {
            System::Embedded => manifests_or_default(manifests),
            System::Url(url) => behind(url, manifests, check)?.to_vec(),
        };
        for manifest in &manifests {
            let app = build::up_to_date(manifest, app).await?;
            subjects.push(Subject::new(system.clone(), Some(app), policy)?);
        }
        if manifests.is_empty() {
            subjects.push(Subject::new(system.clone(), None, policy)?);
        }
    }
    Ok(subjects)
}

fn behind<'a>(url: &str, manifests: &'a [PathBuf], check: bool) -> Result<&'a [PathBuf], Failure> {
    let message = match manifests {
        [] if check => format!("--check needs --manifest to know what runs at {url}"),
        [] | [_] => return Ok(manifests),
        _ => format!("only one application can run at {url}: give one --manifest"),
    };
    Err(Failure::new(Exit::Usage, message))
}
