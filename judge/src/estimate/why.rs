//! The sentences of an estimate.

use super::Served;
use super::figures::Figures;
use super::summary::Summary;
use crate::judgement;
use crate::kind::Kind;
use crate::units;

/// The reason if all answers took equally long, and nobody measured the service time.
pub(super) const NO_SERVICE_TIME: &str = judgement::NO_SERVICE_TIME;

/// The reason if neither the service time nor the fastest answer is known.
pub(super) const NO_FASTEST: &str = "the summary has no usable time of the fastest answer, and the service time of one \
    request alone is unknown; give it by --service-ms";

/// The reason if the load is unknown.
pub(super) const NO_LOAD: &str = "the summary has neither the mean time of an answer nor the number of connections; give \
    the connections by -c";

/// Returns the reason if there are too few good answers.
pub(super) fn too_few(summary: &Summary) -> String {
    let failed = summary.refused.saturating_add(summary.failed);
    let failure = summary.failure.as_ref().map_or(String::new(), |failure| format!(" ({failure})"));
    match summary.answered {
        0 if failed == 0 => "the summary has no answers; send at least 3 requests".to_owned(),
        0 => format!(
            "no request was answered well{failure}; check what the endpoint answers, or allow its status"
        ),
        1 => "1 answer is too few; send at least 3 requests".to_owned(),
        count => format!("{count} answers are too few; send at least 3 requests"),
    }
}

/// Returns the reason if the server had no choice.
pub(super) fn one_in_flight(figures: &Figures) -> String {
    let count = figures.connections.or(figures.in_flight).unwrap_or(1.0);
    format!(
        "about {} in flight at a time, too few to tell one at a time from all at once; send more requests at once",
        were(count)
    )
}

/// Returns the reason if the service time is longer than the answers took.
pub(super) fn too_quick(figures: &Figures) -> String {
    format!(
        "the answers took less than one request alone ({}), which was not typical; give the service time of this \
         endpoint by --service-ms",
        units::time(figures.service_ms)
    )
}

/// Returns the reason if requests waited, but not for lack of service.
pub(super) fn pauses(figures: &Figures) -> String {
    format!(
        "answers took longer than one request alone though only about {} in service at a time: the pauses between the \
         requests hide the limit; send without pauses, or at a higher rate",
        were(figures.in_service())
    )
}

/// Returns the reason if a fast answer may be a short request, and a slow one a long request.
pub(super) fn waited_or_slow(figures: &Figures) -> String {
    format!(
        "if the fastest answer ({}) waited for no other, at least about {} of {} requests in flight were served at a time; \
         whether the slower answers waited, or took longer by themselves, the summary doesn't show; give the service time of \
         one request alone by --service-ms",
        units::time(figures.service_ms),
        number(figures.in_service().max(1.0)),
        number(figures.offered())
    )
}

/// Returns what was measured, and what follows.
pub(super) fn why(summary: &Summary, served: Option<&Served>, reasons: &[String]) -> String {
    let mut sentences = Vec::new();
    sentences.extend(failures(summary));
    sentences.extend(served.map(|served| times(&served.figures)));
    if !reasons.is_empty() {
        sentences.push(format!("No verdict: {}.", reasons.join("; ")));
        return sentences.join(" ");
    }
    if let Some(served) = served {
        sentences.extend(meaning(served));
        sentences.extend(distribution(served));
        sentences.push(better(&served.figures));
    }
    sentences.join(" ")
}

fn failures(summary: &Summary) -> Option<String> {
    let Summary { answered, refused, failed, failure, .. } = summary;
    let failure = failure.as_ref().map_or(String::new(), |failure| format!(" ({failure})"));
    match (*answered, *refused, *failed) {
        (0, ..) | (_, 0, 0) => None,
        (_, 0, _) => {
            Some(format!("{failed} of {} requests failed{failure}.", answered.saturating_add(*failed)))
        }
        (_, _, 0) => Some(format!("{answered} answered, {refused} refused{failure}.")),
        _ => Some(format!("{answered} answered, {refused} refused, {failed} failed{failure}.")),
    }
}

fn times(figures: &Figures) -> String {
    let Figures { answered, duration_ms, service_ms, is_guessed, mean_ms, .. } = figures;
    let mean = mean_ms.map_or(String::new(), |mean| format!(", {} each on average", units::time(mean)));
    let alone = if *is_guessed { "the fastest one took" } else { "one request alone takes" };
    format!(
        "{answered} answers took {} in total{mean}; {alone} {}.",
        units::time(*duration_ms),
        units::time(*service_ms)
    )
}

/// Returns what the throughput says.
fn meaning(served: &Served) -> Option<String> {
    let Served { kind, figures, .. } = served;
    let in_service = were(figures.in_service());
    let sum = match figures.is_guessed {
        true => "Throughput times the fastest answer, a lower bound of the service time",
        false => "Throughput times service time",
    };
    Some(match kind {
        Kind::Parallel => format!("{sum}: about {in_service} in service at a time; none waited."),
        Kind::Limited if figures.in_service() < 1.0 => format!(
            "The answers came one every {}, which is slower than one at a time: something other than the service time sets \
             the pace.",
            units::time(figures.duration_ms / figures.answered)
        ),
        Kind::Sequential | Kind::Limited => {
            format!("{sum}: about {in_service} in service at a time; the others waited.")
        }
        _ => return None,
    })
}

/// Returns what the distribution says.
fn distribution(served: &Served) -> Option<String> {
    let k = served.range.filter(|_| served.is_pool && served.kind != Kind::Parallel)?.k;
    Some(format!("The distribution of the times is that of a server that takes {k} at a time."))
}

/// Returns what would make the estimate better.
fn better(figures: &Figures) -> String {
    let service = match figures.is_guessed {
        true => "the service time of one request alone (--service-ms), and ",
        false => "",
    };
    format!("This is an estimate from a summary; {service}the times of single requests would make it better.")
}

/// Returns `1 request was` or `4 requests were`.
fn were(count: f64) -> String {
    let text = number(count);
    if text == "1" { "1 request was".to_owned() } else { format!("{text} requests were") }
}

/// Returns a number of requests with two digits, or without decimals.
fn number(count: f64) -> String {
    if count < 9.95 { units::two_digits(count) } else { format!("{count:.0}") }
}
