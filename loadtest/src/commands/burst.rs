//! `loadtest burst`: URLs of one's own.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;

use super::signals::Signals;
use super::{Out, tell, trusted};
use crate::burst::{Schedule, Shot, Target};
use crate::cli::BurstArgs;
use crate::exit::{Exit, Failure};
use crate::measure::{self, Measured};
use crate::report::progress::Progress;
use crate::report::terminal;
use crate::result::{Document, Run};

pub async fn burst(args: BurstArgs) -> Result<Exit, Failure> {
    let mut signals = Signals::catch()?;
    tokio::select! {
        exit = fire(&args) => exit,
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

async fn fire(args: &BurstArgs) -> Result<Exit, Failure> {
    let out = Out::prepare(args.out.clone())?;
    let mut document = Document::begin();
    let mut shots = Vec::new();
    for url in &args.urls {
        shots.push(measured(args, url).await?);
    }
    let expected = shots.iter().map(|measured| measured.shot.schedule.n).sum();
    let about =
        Duration::from_secs_f64(shots.iter().map(|measured| measured.service_ms / 1e3).fold(0.0, f64::max));
    let judged = {
        let step = Progress::begin(about).step(format!("{expected} requests"), expected);
        measure::fire(&shots, &step.answered).await
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
    Ok(trusted(&document))
}

async fn measured(args: &BurstArgs, url: &str) -> Result<Measured, Failure> {
    let mut target = Target::get(url).await.map_err(|error| Failure::new(Exit::Usage, error))?;
    target.method = args.method.clone();
    target.headers.extend(args.headers.iter().cloned());
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
