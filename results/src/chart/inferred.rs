//! When a request was served, if no reply tells it: inferred from the mechanism.

use crate::document::Burst;

/// Returns the time, in microseconds, that charts draw as the service of each good answer: the last part of its latency.
/// What comes before it is the wait.
///
/// `None` if a reply tells when its request was in the handler, if no mechanism is named, or if the mechanism, or another
/// one of its class, slows requests down instead of making them wait: the service then has no such place.
pub fn service_us(burst: &Burst) -> Option<f64> {
    let mechanism = burst.verdict.mechanism.as_ref()?;
    let is_known =
        burst.requests.iter().any(|request| request.entered_us.is_some() && request.left_us.is_some());
    let waits = mechanism.class().all(|name| name.makes_requests_wait());
    let is_time = burst.service_ms.is_finite() && burst.service_ms > 0.0;
    (!is_known && waits && is_time).then_some(burst.service_ms * 1e3)
}

#[cfg(test)]
mod tests {
    use judge::mechanism::{Mechanism, Name, Parameters};

    use super::*;
    use crate::chart::span::spans;
    use crate::document::sample;

    fn explained(burst: Burst, name: Name, or: &[Name]) -> Burst {
        let mechanism =
            Mechanism { name, parameters: Parameters::default(), or: or.to_vec(), probability: 0.95 };
        let verdict = judge::verdict::Verdict { mechanism: Some(mechanism), ..burst.verdict.clone() };
        Burst { verdict, ..burst }
    }

    #[test]
    fn the_service_is_inferred_if_a_mechanism_makes_requests_wait() {
        assert_eq!(service_us(&sample::waves()), None, "no mechanism is named");
        for name in [Name::WorkerPool, Name::RateLimit, Name::Batching, Name::ColdStart] {
            assert_eq!(service_us(&explained(sample::waves(), name, &[])), Some(1e6), "{name}");
        }
        for name in [Name::None, Name::SharedCpu, Name::Pause, Name::UnevenBackends, Name::SingleFlight] {
            assert_eq!(service_us(&explained(sample::waves(), name, &[])), None, "{name}");
        }
    }

    #[test]
    fn every_mechanism_of_the_class_makes_requests_wait() {
        assert_eq!(service_us(&explained(sample::waves(), Name::RateLimit, &[Name::Lock])), Some(1e6));
        assert_eq!(service_us(&explained(sample::waves(), Name::ColdStart, &[Name::Pause])), None);
    }

    #[test]
    fn replies_that_tell_the_times_in_the_handler_need_no_inference() {
        let burst = sample::burst("http://a/", "a", sample::rows(10, 4, 1), sample::waves().verdict);
        assert_eq!(service_us(&explained(burst, Name::WorkerPool, &[])), None);
    }

    #[test]
    fn a_service_time_that_is_no_time_infers_nothing() {
        for service_ms in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            let burst = Burst { service_ms, ..sample::waves() };
            assert_eq!(service_us(&explained(burst, Name::WorkerPool, &[])), None, "{service_ms}");
        }
    }

    #[test]
    fn the_service_is_the_end_of_the_latency_and_failed_requests_have_none() {
        let burst = explained(sample::waves(), Name::WorkerPool, &[]);
        let stays: Vec<_> = spans(&burst).iter().map(|span| span.inferred_us).collect();
        assert_eq!(stays[0], Some((0.0, 1e6)));
        assert_eq!(stays[1], Some((1.0, 1e6)), "at most the whole latency");
        assert_eq!(stays[8], Some((2e6, 3e6)));
        assert_eq!(stays[9], None, "refused");
    }
}
