//! What the bursts at a route mean: those with shared instances beside those with an instance for each request.

use host::wasm::Wasi;
use judge::mechanism::Name;
use judge::units;
use judge::verdict::Kind;
use results::document::{AuditedRoute, Burst, Meaning, Observed};

use super::route::Route;

/// A burst is slower than another if it takes this many times as long, and so much longer: what is less may be the machine's.
const SLOWER: f64 = 1.5;
const LEAST_DIFFERENCE_MS: f64 = 10.0;
/// The remedy if requests fail only in shared instances.
const FAILURES_REMEDY: &str = "See the errors of the failed requests: requests in one instance at once share its memory and its limits. Or run with \
                               --max-instance-concurrent-reuse-count 1.";

/// What was measured at a route.
#[derive(Debug, Default)]
pub struct Measured {
    /// Why the system can't run the route's component.
    pub left_out: Option<String>,
    /// Why a request alone has no good answer.
    pub fails_alone: Option<String>,
    /// The time that a request takes alone, in milliseconds.
    pub alone_ms: Option<f64>,
    /// The bursts with shared instances, each with the time over which it was sent, in milliseconds.
    pub shared: Vec<Fired>,
    /// The bursts with an instance for each request.
    pub isolated: Vec<Fired>,
    /// The pair that was slower with shared instances, fired once more: with shared instances, and with an instance each.
    pub again: (Option<Burst>, Option<Burst>),
}

/// A burst with the time over which its requests were sent.
type Fired = (f64, Burst);

/// In what a burst with shared instances is worse than its pair.
#[derive(Debug, Clone, Copy)]
struct Worse {
    time: bool,
    failures: bool,
}

impl Worse {
    fn of(shared: &Burst, isolated: &Burst) -> Self {
        // If no instance had two requests at once, sharing delayed none: the machine was busier then.
        let is_shared = Observed::new(shared, 0.0).most_in_one != 1;
        Self {
            time: is_shared && is_slower(shared.makespan_ms, isolated.makespan_ms),
            failures: is_shared && shared.ok < isolated.ok,
        }
    }

    /// In what each burst with shared instances is worse than each of the others. So load of other programs must come and go with the
    /// shared instances, twice, before sharing is blamed for it.
    fn of_all(shared: [&Burst; 2], isolated: [&Burst; 2]) -> Self {
        let [first, second] = shared.map(|one| {
            let [this, that] = isolated.map(|other| Self::of(one, other));
            this.both(that)
        });
        first.both(second)
    }

    fn both(self, other: Self) -> Self {
        Self { time: self.time && other.time, failures: self.failures && other.failures }
    }

    fn any(self) -> bool {
        self.time || self.failures
    }
}

impl Measured {
    /// The time over which the pair is sent that is fired once more, because sharing seems to slow it; `None` if there is none.
    pub fn suspect(&self) -> Option<f64> {
        let (Some((spread, one)), Some((_, other))) = self.worst_pair() else { return None };
        let is_clear = !matches!(one.verdict.kind, Kind::Inconclusive | Kind::Parallel)
            && other.verdict.kind != Kind::Inconclusive;
        (self.fails_alone.is_none() && is_clear && Worse::of(one, other).any()).then_some(*spread)
    }

    /// The worst burst with shared instances, and its pair. The schedule is the same: only the use of instances differs.
    fn worst_pair(&self) -> (Option<&Fired>, Option<&Fired>) {
        let shared = worst(&self.shared);
        let isolated = match shared {
            Some((spread, _)) => self.isolated.iter().find(|(other, _)| other == spread),
            None => worst(&self.isolated),
        };
        (shared, isolated)
    }

    /// What it means.
    pub fn conclusion(&self, route: &Route) -> AuditedRoute {
        let (shared, isolated) = self.worst_pair();
        let (meaning, why, remedy) = self.meaning(route, shared, isolated);
        let observed = |burst: &Fired| Observed::new(&burst.1, burst.0);
        AuditedRoute {
            route: route.route.clone(),
            component: route.component.clone(),
            wasi: route.wasi.map(|wasi| if wasi == Wasi::P2 { 2 } else { 3 }),
            path: route.burst.as_ref().map(|burst| burst.path.clone()),
            alone_ms: self.alone_ms.map(|ms| units::rounded(ms, 3)),
            shared: shared.map(observed),
            isolated: isolated.map(observed),
            meaning,
            why,
            remedy,
        }
    }

    fn meaning(
        &self,
        route: &Route,
        shared: Option<&Fired>,
        isolated: Option<&Fired>,
    ) -> (Meaning, String, Option<String>) {
        if let Some(reason) = &self.left_out {
            return (Meaning::NotFired, format!("{reason}."), None);
        }
        if let Some(reason) = &self.fails_alone {
            return (Meaning::FailsAlone, format!("A request alone {reason}."), None);
        }
        match (shared, isolated) {
            (Some(shared), Some(isolated)) => self.pair(shared, isolated),
            (None, Some((_, burst))) => alone(burst),
            (Some(_), None) => {
                (Meaning::Inconclusive, "No burst with an instance each was fired.".to_owned(), None)
            }
            (None, None) => not_fired(route),
        }
    }

    fn pair(&self, shared: &Fired, isolated: &Fired) -> (Meaning, String, Option<String>) {
        let ((spread, one), (_, other)) = (shared, isolated);
        let times = format!(
            "{} requests, sent {}, took {} with shared instances and {} with an instance each; one alone takes {}.",
            one.n,
            sent(*spread),
            units::time(one.makespan_ms),
            units::time(other.makespan_ms),
            units::time(one.service_ms)
        );
        let kinds = (one.verdict.kind, other.verdict.kind);
        let worse = Worse::of(one, other);
        match kinds {
            // Too short or too disturbed for a verdict on each, but the pair shows that sharing cost nothing.
            (Kind::Inconclusive, _) | (_, Kind::Inconclusive) if !worse.any() => {
                (Meaning::NotSeen, format!("{times} Neither is exact enough for a verdict of its own."), None)
            }
            (Kind::Inconclusive, _) => (Meaning::Inconclusive, one.verdict.why.clone(), None),
            (Kind::Parallel, _) => {
                let ways: Vec<String> = self.shared.iter().map(|(spread, _)| sent(*spread)).collect();
                (Meaning::NotSeen, format!("Bursts were sent {}.", ways.join(", ")), None)
            }
            (_, Kind::Inconclusive) => (Meaning::Inconclusive, other.verdict.why.clone(), None),
            _ if worse.any() => self.slower(shared, other, &times),
            _ => {
                let seen = format!("{times} With an instance each: {}.", other.verdict.headline());
                (Meaning::OtherLimit, seen, other.verdict.remedy.clone())
            }
        }
    }

    /// What a pair means that is worse with shared instances. Chance, or a machine that was busy for a while, is excluded only if
    /// the better burst with shared instances is worse than the worse one with an instance each.
    fn slower(&self, (spread, one): &Fired, other: &Burst, times: &str) -> (Meaning, String, Option<String>) {
        let (Some(one_again), Some(other_again)) = &self.again else {
            let why = format!("{times} The pair was not fired once more, so that this may be chance.");
            return (Meaning::Inconclusive, why, None);
        };
        let worse = Worse::of_all([one, one_again], [other, other_again]);
        if !worse.any() {
            let why = format!(
                "{times} Fired once more, they took {} and {}, so that the first pair is no proof.",
                units::time(one_again.makespan_ms),
                units::time(other_again.makespan_ms)
            );
            return (Meaning::Inconclusive, why, None);
        }
        let inside = match Observed::new(one, *spread).most_in_one {
            0 => String::new(),
            most => format!(" Up to {most} of them were in one instance at once."),
        };
        let seen = if worse.time {
            format!(
                "{times} Fired once more: {} and {}.",
                units::time(one_again.makespan_ms),
                units::time(other_again.makespan_ms)
            )
        } else {
            let failures = |burst: &Burst| burst.n.saturating_sub(burst.ok);
            format!(
                "Of {} requests, sent {}, {} failed with shared instances and {} with an instance each. Fired once more: {} and {}.",
                one.n,
                sent(*spread),
                failures(one),
                failures(other),
                failures(one_again),
                failures(other_again)
            )
        };
        let proof = " Only the sharing differs, so that it is the cause.";
        let remedy = if worse.time { remedy(one) } else { FAILURES_REMEDY.to_owned() };
        (Meaning::SharedSlower, seen + &inside + proof, Some(remedy))
    }
}

fn is_slower(ms: f64, than_ms: f64) -> bool {
    ms >= SLOWER * than_ms && ms - than_ms >= LEAST_DIFFERENCE_MS
}

/// The slowest burst with a verdict; without any, the slowest.
fn worst(bursts: &[Fired]) -> Option<&Fired> {
    let is_judged = |burst: &Burst| burst.verdict.kind != Kind::Inconclusive;
    bursts.iter().max_by(|a, b| {
        let key = |(spread, burst): &Fired| burst.makespan_ms - spread;
        is_judged(&a.1).cmp(&is_judged(&b.1)).then(key(a).total_cmp(&key(b)))
    })
}

/// The remedy of the verdict if the replies show the shared instance, or else that of the pair of bursts: by the times alone, another
/// mechanism may explain the burst.
fn remedy(shared: &Burst) -> String {
    let mechanism = shared.verdict.mechanism.as_ref();
    let is_seen = mechanism.is_some_and(|mechanism| mechanism.name == Name::SharedInstance);
    shared.verdict.remedy.clone().filter(|_| is_seen).unwrap_or_else(|| {
        "The handler awaits, and then blocks its instance while other requests wait in it. Replace the blocking call by its \
         async form, or run with --max-instance-concurrent-reuse-count 1."
            .to_owned()
    })
}

/// What a burst means at a component that shares no instances.
fn alone(burst: &Burst) -> (Meaning, String, Option<String>) {
    let own = "Each request has an instance of its own.";
    match burst.verdict.kind {
        Kind::Parallel => (Meaning::Isolated, own.to_owned(), None),
        // No sharing can slow it, whatever the burst shows.
        Kind::Inconclusive => (
            Meaning::Isolated,
            format!("{own} The burst is not exact enough for a verdict of its own."),
            None,
        ),
        _ => {
            let why = format!("{own} {}: {}", burst.verdict.headline(), burst.verdict.why);
            (Meaning::OtherLimit, why, burst.verdict.remedy.clone())
        }
    }
}

fn not_fired(route: &Route) -> (Meaning, String, Option<String>) {
    let Some(_) = route.component else {
        return (Meaning::NotFired, "The manifest has a fixed response.".to_owned(), None);
    };
    if route.burst.is_some() {
        return (Meaning::NotFired, "The audit ended before.".to_owned(), None);
    }
    let route = &route.route;
    (Meaning::NotFired, format!("The route needs a path: --path '{route}=/...'."), None)
}

/// Such as `together` or `over 10 ms`.
fn sent(spread_ms: f64) -> String {
    if spread_ms == 0.0 { "together".to_owned() } else { format!("over {}", units::time(spread_ms)) }
}

#[cfg(test)]
mod tests {
    use results::document::sample;

    use super::*;

    /// A burst whose replies name no instances.
    fn burst(makespan_ms: f64, failed: usize) -> Burst {
        let sample = sample::waves();
        Burst { makespan_ms, ok: sample.n - failed, requests: Vec::new(), ..sample }
    }

    #[test]
    fn sharing_is_blamed_only_if_its_better_burst_is_worse_than_both_others() {
        for (shared, isolated, is_slower) in [
            ([1_000.0, 1_010.0], [500.0, 520.0], true),
            // Another program ran during one of the bursts.
            ([1_000.0, 500.0], [500.0, 520.0], false),
            ([500.0, 1_000.0], [500.0, 520.0], false),
            // Another program ran all the time, except during one burst.
            ([1_000.0, 1_010.0], [1_000.0, 520.0], false),
            ([1_000.0, 1_010.0], [500.0, 1_000.0], false),
        ] {
            let bursts = |times: [f64; 2]| times.map(|ms| burst(ms, 0));
            let (shared, isolated) = (bursts(shared), bursts(isolated));
            let worse = Worse::of_all(shared.each_ref(), isolated.each_ref());
            assert_eq!((worse.time, worse.failures), (is_slower, false), "{worse:?}");
        }
        let [none, one, two] = [0, 1, 2].map(|failed| burst(500.0, failed));
        assert!(Worse::of_all([&one, &two], [&none, &none]).failures);
        assert!(!Worse::of_all([&one, &two], [&none, &one]).failures);
    }

    #[test]
    fn a_burst_is_slower_by_half_and_by_ten_milliseconds() {
        assert!(is_slower(30.0, 20.0) && is_slower(2_040.0, 244.0));
        assert!(!is_slower(29.0, 20.0) && !is_slower(10.2, 5.3));
    }
}
