//! `loadtest burst`: URLs of one's own.

use std::pin::pin;
use std::time::Duration;

use super::aim::{self, Aim};
use super::signals::{Ended, Signals};
use super::{Out, tell, trusted};
use crate::burst::Shot;
use crate::cli::BurstArgs;
use crate::exit::{Exit, Failure};
use crate::measure::{self, Measured};
use crate::progress::Progress;
use crate::report::terminal;
use crate::result::{Document, Run};
use crate::schedule::Schedule;

pub async fn burst(args: BurstArgs, signals: &mut Signals) -> Result<Exit, Ended> {
    let out = Out::prepare(args.out.clone())?;
    let mut document = Document::begin();
    let shots = signals.or_end(all_measured(&args)).await?;
    let expected = shots.iter().map(|measured| measured.shot.schedule.n).sum();
    let about = shots.iter().map(|measured| measured.service_ms / 1e3).fold(0.0, f64::max);
    let (judged, interrupted) = {
        let step =
            Progress::begin(Duration::from_secs_f64(about)).step(format!("{expected} requests"), expected);
        let mut fired = pin!(measure::fire(&shots, &step.firing));
        tokio::select! {
            judged = &mut fired => (judged, false),
            () = signals.next() => {
                step.firing.stop();
                (fired.await, true)
            }
        }
    };
    let run = Run {
        system: args.urls.join(" "),
        manifest: None,
        instances: None,
        setup: "burst".to_owned(),
        title: String::new(),
        bursts: judged.bursts,
    };
    document.add(run, judged.generator);
    out.write(&document)?;
    tell(&terminal::bursts(&document, terminal::width()))?;
    if interrupted { Err(Ended::Interrupted) } else { Ok(trusted(&document)) }
}

async fn all_measured(args: &BurstArgs) -> Result<Vec<Measured>, Failure> {
    let mut shots = Vec::new();
    for url in &args.urls {
        shots.push(measured(args, url).await?);
    }
    Ok(shots)
}

async fn measured(args: &BurstArgs, url: &str) -> Result<Measured, Failure> {
    let n = args.schedule.n;
    let Aim { target, timeout, service_ms } =
        aim::aim(&args.request, url, &format!("the {n} asked for")).await?;
    let schedule = Schedule { c: args.schedule.c, ..Schedule::together(n) };
    Ok(Measured { shot: Shot { target, schedule, timeout }, service_ms })
}
