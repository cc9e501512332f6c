//! A simulated burst as the load generator records it.

use std::time::Duration;

use judge::schedule::Schedule;
use judge::stats;
use judge::trace::{Baseline, Generator, Outcome, Row, Trace};

use super::draft::Draft;
use super::load::NoiseClass;
use super::subject::Subject;
use crate::Random;
use crate::mechanism::{Burst, Load, Noise, Service, burst};
use judge::mechanism::Name;

/// The generator sends as many requests alone as fit into this time, and at most [`MOST_ALONE`].
const ALONE_SECONDS: f64 = 3.0;
const MOST_ALONE: usize = 8;

/// Returns the trace of a burst, with a baseline.
pub(super) fn trace(
    draft: &Draft,
    service: Service,
    load: Load,
    noise: Noise,
    class: NoiseClass,
    burst: &Burst,
    random: &mut Random,
) -> Trace {
    let baseline = baseline(draft, service, noise, random);
    let service_ms = baseline.median_ms().unwrap_or(service.mean() * 1e3);
    let spacing = Duration::from_secs_f64(load.spacing);
    let schedule = Schedule { c: load.c, spacing, ..Schedule::together(load.n) };
    let rows = burst.requests.iter().enumerate().map(|(i, request)| Row {
        i,
        connect_us: Some(random.between(50.0, 1_000.0)),
        planned_us: request.planned.map(|planned| planned * 1e6),
        sent_us: Some(request.sent * 1e6 + random.between(0.0, 50.0)),
        first_byte_us: Some(request.done * 1e6),
        done_us: request.done * 1e6,
        outcome: Outcome::Answered(request.status),
        ..Row::default()
    });
    let rows = rows.collect();
    let lag = if class == NoiseClass::Neighbours { 5_000.0 } else { 500.0 };
    let generator = Generator { cpu: random.between(0.01, 0.4), lag_p99_us: random.between(50.0, lag) };
    Trace { generator, baseline, ..Trace::new(schedule, service_ms, rows) }
}

/// Requests alone: a warm-up, some before the burst, and one after it if they are short.
fn baseline(draft: &Draft, service: Service, noise: Noise, random: &mut Random) -> Baseline {
    let mut alone = || {
        let one = Load { n: 1, c: 1, spacing: 0.0 };
        burst(&mut *draft.idle(), service, one, noise, random).makespan() * 1e3
    };
    let mut warm_up = alone();
    let (mut before, mut spent) = (Vec::new(), 0.0);
    while before.len() < MOST_ALONE && spent < ALONE_SECONDS * 1e3 {
        let time = alone();
        spent += time;
        before.push(time);
    }
    let after = (stats::median(before.clone()) < Some(1_000.0)).then(alone);
    if draft.subject == Subject::Named(Name::ColdStart) {
        // Nothing was warm when the warm-up came.
        warm_up += draft.knobs.delay * 1e3;
    }
    Baseline { warm_up_ms: Some(warm_up), after_ms: after, ..Baseline::new(before) }
}
