//! Discriminating experiments: what to send if two mechanisms explain the same burst, and what each of them would then show.

use super::{Mechanism, Name, Parameters};

/// The most experiments for one verdict.
const MOST: usize = 2;

const OTHER_SERVICE_TIME: &str = "send requests also to a second URL with another service time: a lock's gaps change with the \
                                  service time, a rate limit's gaps don't; if the lock is held for a constant time, only the \
                                  server's configuration shows the difference";
const FIXED_DELAY: &str = "send two requests at once, then many: with shared processors, each further request slows all of them \
                           down; a fixed delay stays the same";
const SHORTER: &str =
    "send requests that take less time: a deadline then refuses fewer of them, a cap refuses as many";

/// The experiment for two mechanisms, as the part of a sentence.
const PAIRS: [(Name, Name, &str); 17] = [
    (Name::RateLimit, Name::Lock, OTHER_SERVICE_TIME),
    (
        Name::RateLimit,
        Name::Throughput,
        "send requests that cost the server less, such as for smaller answers: the cost falls, a rate limit stays",
    ),
    (
        Name::Lock,
        Name::Throughput,
        "send requests also to a second URL that takes no lock: the server's cost delays them, too, a lock doesn't",
    ),
    (
        Name::WorkerPool,
        Name::Batching,
        "send fewer requests than are served at a time, and one more half a service time later: a pool serves it at once, \
         batches make it wait",
    ),
    (
        Name::WorkerPool,
        Name::InnerPool,
        "send requests also to a second URL that doesn't use the inner pool: busy workers delay them, the inner pool doesn't",
    ),
    (
        Name::WorkerPool,
        Name::Lock,
        "send requests also to a second URL that takes no lock: busy workers delay them, a lock doesn't",
    ),
    (
        Name::WorkerPool,
        Name::RateLimit,
        "send as many requests as a pool would serve at a time, then one more: a pool answers it a whole service time later, \
         a rate limit one gap later",
    ),
    (
        Name::WorkerPool,
        Name::Throughput,
        "send requests that take longer: a pool's answers come more slowly, the cost for each request stays",
    ),
    (
        Name::WorkerPool,
        Name::SharedCpu,
        "send more requests at once: a pool's first answers stay as quick as one alone, shared processors slow all down",
    ),
    (
        Name::ColdStart,
        Name::Pause,
        "send the burst again at once: started instances are warm then, a pause may come again at any time",
    ),
    (Name::SharedCpu, Name::ColdStart, FIXED_DELAY),
    (Name::SharedCpu, Name::Pause, FIXED_DELAY),
    (
        Name::Growth,
        Name::ColdStart,
        "send half as many requests: the delay of a cold start stays the same, the wait for more workers gets shorter",
    ),
    (
        Name::None,
        Name::UnevenBackends,
        "send more requests: backends of different speeds answer in groups that become clearer",
    ),
    (
        Name::ConcurrencyCap,
        Name::RateCap,
        "send more requests before the first answers come: a cap on concurrent requests refuses them all, a cap on the rate \
         takes some",
    ),
    (Name::ConcurrencyCap, Name::QueueDeadline, SHORTER),
    (Name::RateCap, Name::QueueDeadline, SHORTER),
];

/// The experiment for a pool of one worker, in place of that in [`PAIRS`].
const ONE_WORKER: [(Name, &str); 1] = [(
    Name::RateLimit,
    "send requests also to a second URL with another service time: a single worker's gaps change with the service time, a rate \
     limit's gaps don't",
)];

/// The experiment that shows one mechanism, whatever the other is. The first row that applies counts.
const BY_ITSELF: [(Name, &str); 12] = [
    (Name::SingleFlight, "send requests with distinct URLs or bodies: they can't share an answer"),
    (
        Name::StickyConnections,
        "send the burst again over fresh connections: sticky connections spread in another way, other limits stay",
    ),
    (
        Name::SlowAccept,
        "send two requests over each connection: slow acceptance delays only the first of them",
    ),
    (Name::UnevenBackends, "send requests one after the other: a slow backend is slow then, too"),
    (Name::Growth, "send the burst again at once: workers that were added are there then"),
    (Name::ColdStart, "send the burst again at once: started instances are warm then"),
    (Name::Pause, "send the burst again: a pause comes at another time, or not at all"),
    (
        Name::Batching,
        "send one more request half a service time after the others: a batch makes it wait, even if there is room",
    ),
    (
        Name::SharedCpu,
        "send more requests at once: shared processors slow all of them down, the first ones, too",
    ),
    (Name::None, "send more requests at once: a limit delays the further ones"),
    (
        Name::InnerPool,
        "send requests also to a second URL that doesn't use the inner pool: the pool doesn't delay them",
    ),
    (Name::RandomFailures, "send requests one after the other: they fail at random then, too"),
];

/// Returns the experiment that discriminates between two mechanisms, as the part of a sentence: `to tell a lock from batches, send ...`. `None` if they
/// don't exclude each other.
pub(crate) fn discriminating_experiment(
    one: (Name, Parameters),
    other: (Name, Parameters),
) -> Option<String> {
    Some(text(one.0.words(), other.0.words(), experiment(one, other)?))
}

fn text(one: &str, other: &str, experiment: &str) -> String {
    format!("to tell {one} from {other}, {experiment}")
}

/// Returns the experiment that tells two mechanisms apart.
fn experiment(one: (Name, Parameters), other: (Name, Parameters)) -> Option<&'static str> {
    let is = |name: Name| one.0 == name || other.0 == name;
    // Why requests were refused, and how the others were served, are two questions.
    if one.0 == other.0 || one.0.refuses() != other.0.refuses() {
        return None;
    }
    let is_single = [one, other].iter().any(|(name, of)| *name == Name::WorkerPool && of.is_one_worker());
    let single = ONE_WORKER.iter().find(|(name, _)| is_single && is(*name)).map(|(_, how)| *how);
    let pair = || PAIRS.iter().find(|(a, b, _)| is(*a) && is(*b)).map(|(.., how)| *how);
    let by_itself = || BY_ITSELF.iter().find(|(name, _)| is(*name)).map(|(_, how)| *how);
    single.or_else(pair).or_else(by_itself)
}

impl Name {
    /// Whether the mechanism lets requests fail.
    const fn refuses(self) -> bool {
        matches!(self, Self::ConcurrencyCap | Self::QueueDeadline | Self::RateCap | Self::RandomFailures)
    }
}

impl Mechanism {
    /// Returns the experiments that discriminate between the members of the class, each as the part of a sentence: the first member
    /// and the others.
    /// Members that the same experiment shows are joined.
    pub(super) fn discriminating_experiments(&self) -> Vec<String> {
        let mut experiments: Vec<(&str, Vec<&str>)> = Vec::new();
        for other in &self.or {
            let how = experiment((self.name, self.parameters), (*other, Parameters::default()));
            let Some(how) = how else { continue };
            match experiments.iter_mut().find(|(known, _)| *known == how) {
                Some((_, others)) => others.push(other.words()),
                None => experiments.push((how, vec![other.words()])),
            }
        }
        let clause = |(how, others): (&str, Vec<&str>)| text(self.name.words(), &others.join(" or "), how);
        experiments.into_iter().take(MOST).map(clause).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Parameters {
        Parameters::default()
    }

    fn of(one: Name, other: Name) -> Option<String> {
        discriminating_experiment((one, none()), (other, none()))
    }

    #[test]
    fn what_explains_the_same_burst_can_be_discriminating_experiment() {
        let times = [
            Name::None,
            Name::WorkerPool,
            Name::RateLimit,
            Name::Lock,
            Name::InnerPool,
            Name::SharedCpu,
            Name::Throughput,
            Name::Batching,
            Name::ColdStart,
            Name::Growth,
            Name::UnevenBackends,
            Name::SlowAccept,
            Name::Pause,
            Name::StickyConnections,
            Name::SingleFlight,
        ];
        let refusals = [Name::ConcurrencyCap, Name::QueueDeadline, Name::RateCap, Name::RandomFailures];
        for names in [&times[..], &refusals[..]] {
            for (i, one) in names.iter().enumerate() {
                assert_eq!(of(*one, *one), None);
                for other in &names[i + 1..] {
                    assert!(of(*one, *other).is_some(), "{one} and {other}");
                    let how = |a: Name, b: Name| experiment((a, none()), (b, none()));
                    assert_eq!(how(*one, *other), how(*other, *one), "{one} and {other}");
                }
            }
        }
        assert_eq!(of(Name::WorkerPool, Name::RandomFailures), None, "they don't exclude each other");
    }

    #[test]
    fn one_worker_answers_one_request_more_as_a_rate_does() {
        let one = Parameters { workers: Some(1.0), ..none() };
        let four = Parameters { workers: Some(4.0), ..none() };
        let rate = (Name::RateLimit, none());
        let single = discriminating_experiment((Name::WorkerPool, one), rate).unwrap();
        assert!(single.contains("a single worker's gaps"), "{single}");
        let several = discriminating_experiment((Name::WorkerPool, four), rate).unwrap();
        assert!(several.contains("then one more"), "{several}");
    }

    #[test]
    fn members_that_the_same_experiment_shows_are_joined() {
        let or = vec![Name::ColdStart, Name::Pause];
        let class = Mechanism { name: Name::SharedCpu, parameters: none(), or, probability: 0.95 };
        let [clause] = class.discriminating_experiments().try_into().unwrap();
        assert!(
            clause
                .starts_with("to tell shared processors from cold starts or a pause of the server, send two"),
            "{clause}"
        );
    }

    #[test]
    fn the_documentation_has_all_experiments() {
        let page = include_str!("../../../docs/mechanisms.md");
        let pairs = PAIRS.iter().map(|(.., how)| how);
        for how in pairs.chain(ONE_WORKER.iter().chain(&BY_ITSELF).map(|(_, how)| how)) {
            assert!(page.contains(&format!("| {how} |")), "{how}");
        }
    }
}
