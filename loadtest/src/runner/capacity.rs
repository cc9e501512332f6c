//! The search for an endpoint's capacity: fires the bursts that the search asks for.

use std::pin::pin;
use std::time::Duration;

use judge::capacity::{End, Firing, Search, Step, Survey};
use judge::units;

use super::interrupt::is_interrupted_in;
use super::measure::{self, CalibratedBurst};
use super::progress::Progress;
use super::request::PreparedRequest;
use crate::console::note;

/// Fires bursts of `request` until the search has its answer, or is interrupted. `is_given` is whether the user gave the service
/// time.
pub async fn search(
    request: &PreparedRequest,
    search: Search,
    is_given: bool,
    is_quiet: bool,
    interrupted: impl Future<Output = ()>,
) -> (Survey, End) {
    let mut survey = Survey::new(search, request.service_ms, request.baseline.clone(), is_given);
    let service = Duration::try_from_secs_f64(survey.service_ms() / 1e3).unwrap_or_default();
    let estimate = survey.search.about(service);
    note(&format!(
        "The service time is {}. Bursts of up to {} requests follow; they take up to about {}.",
        units::time(survey.service_ms()),
        survey.search.limit,
        units::time(estimate.as_secs_f64() * 1e3)
    ));
    let progress = Progress::begin(estimate, is_quiet);
    let mut interrupted = pin!(interrupted);
    loop {
        let firing = match survey.next() {
            Step::Fire(firing) => firing,
            Step::Done(end) => return (survey, end),
        };
        let (number, capacity) = (survey.observed.len() + 1, survey.taken());
        let title =
            format!("burst {number}: {} (capacity so far: at least {capacity})", description(&firing));
        let burst = burst(request, &survey, &firing);
        let step = progress.step(title, &[(burst.spec.request.url.path().to_owned(), firing.n)]);
        if is_interrupted_in(firing.pause, interrupted.as_mut()).await {
            return (survey, End::Interrupted);
        }
        let (judged, is_interrupted) =
            measure::fire_until(&[burst], &step.handle, interrupted.as_mut()).await;
        if is_interrupted {
            // A part of a burst is no evidence.
            return (survey, End::Interrupted);
        }
        for (trace, burst) in judged.traces.iter().zip(&judged.bursts) {
            survey.add(&firing, trace, &burst.verdict);
        }
    }
}

/// The burst as the search asks for it, with the service time so far.
fn burst(request: &PreparedRequest, survey: &Survey, firing: &Firing) -> CalibratedBurst {
    // The survey refines the service time that was measured first. Bursts of one follow, so none is needed after each.
    let burst = CalibratedBurst {
        service_ms: survey.service_ms(),
        baseline: survey.baseline().clone(),
        solo_after: false,
        ..request.burst(firing.schedule(survey.service_ms()))
    };
    if firing.is_fresh() { burst.over_fresh_connections() } else { burst }
}

fn description(firing: &Firing) -> String {
    let Firing { n, pause, .. } = firing;
    match firing.is_fresh() {
        true => format!("{n} over fresh connections"),
        false if pause.is_zero() => format!("{n} at once"),
        false => format!("{n} at once, after a pause of {}", units::time(pause.as_secs_f64() * 1e3)),
    }
}
