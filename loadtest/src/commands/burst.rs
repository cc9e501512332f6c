//! `loadtest burst`: URLs of one's own.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;

use super::signals::{Ended, Signals};
use super::{Out, tell, trusted};
use crate::burst::{Shot, Target};
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
    let mut target = Target::get(url).await.map_err(|error| Failure::new(Exit::Usage, error))?;
    target.method = args.method.clone();
    // The first of a name replaces what would be sent by itself, such as `host`; more are added.
    let own = std::mem::take(&mut target.headers);
    for (name, value) in &args.headers {
        target.headers.append(name, value.clone());
    }
    for (name, value) in &own {
        target.headers.entry(name).or_insert_with(|| value.clone());
    }
    if !args.body.is_empty() {
        target.headers.entry(CONTENT_TYPE).or_insert(args.content_type.clone());
        target.body = args.body.clone().into();
    }
    let target = Arc::new(target);
    let timeout = Some(args.timeout);
    let service_ms = match args.service_ms {
        Some(given) => given,
        None if args.solo || is_safe(&args.method) => {
            let warm_up = Target::clone(&target);
            measure::service_ms(&target, Some(warm_up), timeout).await?
        }
        None => {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "{} may change something on the server, so no request goes out beside the {} asked for: \
                     give the time that one takes alone by --service-ms, or let it be measured by --solo",
                    args.method, args.n
                ),
            ));
        }
    };
    let schedule = Schedule { c: args.c, ..Schedule::together(args.n) };
    Ok(Measured { shot: Shot { target, schedule, timeout }, service_ms })
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
