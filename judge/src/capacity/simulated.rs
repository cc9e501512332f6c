//! The search, at simulated servers whose truth is known.

use proptest::prelude::*;
use proptest::test_runner::TestRng;

use super::{Answer, Beyond, End, Scalability, Search, Sizes, Step, Survey};
use crate::schedule::Schedule;
use crate::trace::{Generator, Outcome, Row, Trace};

const SERVICE_MS: f64 = 500.0;
const SEARCH: Search = Search { limit: 1024, repeat: 3 };

#[derive(Debug, Clone, Copy)]
enum Server {
    /// So many places; the others wait.
    Pool(usize),
    /// So many places; the others are turned away.
    Cap(usize),
    /// So many places, half as many that wait for one; the others are turned away.
    Queue(usize),
    /// None is taken of more than so many.
    Breaker(usize),
    /// So many processors, which all share.
    Sharing(usize),
    /// Two threads of one core: together they do this much of the work of one.
    Threads(f64),
    /// Contention and coherency by the Universal Scalability Law.
    Law(f64, f64),
    /// No answer comes after so many bursts.
    Dies(usize),
}

struct Simulated {
    server: Server,
    /// Service times vary by this share to either side.
    jitter: f64,
    /// This share of the bursts is held up by a whole service time.
    held_up: f64,
    /// The first so many bursts take five times as long.
    cold: usize,
    generator: Generator,
    bursts: usize,
    rng: TestRng,
}

impl Simulated {
    fn new(server: Server) -> Self {
        let rng = TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha);
        Self { server, jitter: 0.0, held_up: 0.0, cold: 0, generator: Generator::default(), bursts: 0, rng }
    }

    fn work(&mut self, n: usize) -> Vec<f64> {
        let slow = if self.bursts <= self.cold { 5.0 } else { 1.0 };
        (0..n).map(|_| slow * (1.0 + self.jitter * (2.0 * self.rng.random::<f64>() - 1.0))).collect()
    }

    /// When each is answered, in service times; `None` where it is turned away.
    fn done(&mut self, n: usize) -> Vec<Option<f64>> {
        let work = self.work(n);
        match self.server {
            Server::Pool(k) => pool(&work, k),
            Server::Cap(k) => work.iter().enumerate().map(|(i, work)| (i < k).then_some(*work)).collect(),
            Server::Queue(k) => {
                let taken = n.min(k + k / 2);
                let mut done = pool(&work[..taken], k);
                done.resize(n, None);
                done
            }
            Server::Breaker(k) => work.iter().map(|work| (n <= k).then_some(*work)).collect(),
            Server::Sharing(processors) => shared(work, processors),
            Server::Threads(together) => {
                let slower = (n as f64 / together).max(1.0);
                work.iter().map(|work| Some(work * slower)).collect()
            }
            Server::Law(contention, coherency) => {
                let others = (n - 1) as f64;
                let slower = 1.0 + contention * others + coherency * others * n as f64;
                work.iter().map(|work| Some(work * slower)).collect()
            }
            Server::Dies(bursts) => {
                work.iter().map(|work| (self.bursts <= bursts).then_some(*work)).collect()
            }
        }
    }

    fn fire(&mut self, n: usize, service_ms: f64) -> Trace {
        self.bursts += 1;
        let is_held_up = self.rng.random::<f64>() < self.held_up;
        let late = f64::from(u8::from(is_held_up));
        let row = |(i, done): (usize, Option<f64>)| Row {
            i,
            planned_us: Some(0.0),
            sent_us: Some(0.0),
            done_us: done.map_or(100.0, |done| (done + late) * SERVICE_MS * 1e3),
            outcome: Outcome::Answered(if done.is_some() { 200 } else { 503 }),
            ..Row::default()
        };
        let rows = self.done(n).into_iter().enumerate().map(row).collect();
        let generator = self.generator;
        let schedule = Schedule::together(n);
        Trace {
            schedule,
            service_ms,
            rows,
            shared_clock: true,
            keep_alive: true,
            generator,
            missing: crate::trace::MissingData::default(),
        }
    }

    /// The answer, and how many bursts it took.
    fn search(self, limit: usize) -> (Answer, usize) {
        let (survey, ended) = self.survey(limit);
        (survey.answer(ended), survey.observed.len())
    }

    fn survey(mut self, limit: usize) -> (Survey, End) {
        let alone = self.fire(1, SERVICE_MS).makespan_ms();
        self.survey_by(Survey::new(Search { limit, ..SEARCH }, alone, false))
    }

    fn survey_by(mut self, mut survey: Survey) -> (Survey, End) {
        let limit = survey.search.limit;
        loop {
            assert!(survey.observed.len() < 200, "it ends: {:?}", survey.observed);
            match survey.next() {
                Step::Done(ended) => return (survey, ended),
                Step::Fire(n) => {
                    assert!((1..=limit).contains(&n), "{n} of {limit}");
                    survey.add(&self.fire(n, survey.service_ms()));
                }
            }
        }
    }
}

fn pool(work: &[f64], k: usize) -> Vec<Option<f64>> {
    let mut free = vec![0.0_f64; k.min(work.len())];
    work.iter()
        .map(|work| {
            let place = free.iter_mut().min_by(|a, b| a.total_cmp(b))?;
            *place += work;
            Some(*place)
        })
        .collect()
}

fn shared(mut work: Vec<f64>, processors: usize) -> Vec<Option<f64>> {
    work.sort_by(f64::total_cmp);
    let (mut now, mut each, n) = (0.0, 0.0, work.len());
    let finish = work.into_iter().enumerate().map(|(i, work)| {
        now += (work - each) * ((n - i) as f64 / processors as f64).max(1.0);
        each = work;
        Some(now)
    });
    finish.collect()
}

fn holds(answer: &Answer, k: usize) -> bool {
    let k = k as f64;
    answer.at_a_time_low <= k && answer.at_a_time_high.is_some_and(|high| k <= high)
}

proptest! {
    #[test]
    fn a_pool_is_found(k in 1_usize..=200, jitter in 0.0..0.1) {
        let (answer, bursts) = Simulated { jitter, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert_eq!((answer.at_a_time, answer.ended), (Some(k as f64), End::Found), "{}", answer);
        prop_assert!(holds(&answer, k) && answer.beyond == Some(Beyond::Wait), "{answer:?}");
        prop_assert!(bursts <= 30, "{bursts} bursts");
    }

    #[test]
    fn a_pool_is_found_on_a_machine_that_stalls(k in 1_usize..=200, held_up in 0.0..0.12) {
        let (answer, _) = Simulated { held_up, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert!(holds(&answer, k), "k = {k}: {answer:?}");
    }

    #[test]
    fn a_cap_is_found(k in 1_usize..=200, jitter in 0.0..0.1) {
        for server in [Server::Cap(k), Server::Breaker(k)] {
            let (answer, _) = Simulated { jitter, ..Simulated::new(server) }.search(1024);
            prop_assert_eq!((answer.at_a_time, answer.beyond), (Some(k as f64), Some(Beyond::Refused)));
            prop_assert_eq!(answer.at_a_time_low, k as f64);
            prop_assert!(holds(&answer, k) && answer.refusal.as_deref() == Some("status 503"), "{answer:?}");
        }
    }

    #[test]
    fn a_pool_that_turns_away_when_its_queue_is_full_is_both(k in 2_usize..=200) {
        let (answer, _) = Simulated::new(Server::Queue(k)).search(1024);
        prop_assert_eq!((answer.at_a_time, answer.beyond), (Some(k as f64), Some(Beyond::Wait)));
    }

    #[test]
    fn shared_processors_are_found(processors in 1_usize..=64, jitter in 0.0..0.1) {
        let (answer, bursts) = Simulated { jitter, ..Simulated::new(Server::Sharing(processors)) }.search(1024);
        prop_assert!(holds(&answer, processors), "{processors}: {answer:?}");
        prop_assert_eq!((answer.beyond, answer.ended), (Some(Beyond::Slow), End::Found));
        prop_assert!(bursts <= 40, "{bursts} bursts");
    }

    #[test]
    fn what_two_threads_of_a_core_share_is_no_place_to_wait_for(together in 1.3..1.9, jitter in 0.0..0.05) {
        let (answer, _) = Simulated { jitter, ..Simulated::new(Server::Threads(together)) }.search(1024);
        prop_assert_eq!((answer.beyond, answer.ended), (Some(Beyond::Slow), End::Found), "{}", answer);
        prop_assert!(answer.at_a_time_low <= together && answer.at_a_time_high >= Some(together), "{answer:?}");
    }

    #[test]
    fn without_a_limit_it_is_at_least_the_one_given(limit in 1_usize..=1024, jitter in 0.0..0.1) {
        let (answer, _) = Simulated { jitter, ..Simulated::new(Server::Pool(limit)) }.search(limit);
        prop_assert_eq!((answer.at_a_time, answer.at_a_time_high, answer.ended), (None, None, End::Limit));
        prop_assert_eq!((answer.at_a_time_low, answer.beyond), (limit as f64, None));
    }

    #[test]
    fn a_server_that_starts_slowly_is_measured_once_it_runs(k in 1_usize..=64, cold in 1_usize..=4) {
        let (answer, _) = Simulated { cold, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert!(holds(&answer, k), "k = {k}: {answer:?}");
    }

    #[test]
    fn a_server_that_dies_ends_it(bursts in 1_usize..12) {
        let (answer, fired) = Simulated::new(Server::Dies(bursts)).search(1024);
        prop_assert_eq!(answer.ended, End::Unanswered);
        prop_assert!(fired <= bursts + 3, "{fired}");
    }

    #[test]
    fn a_generator_that_is_late_is_no_reason_to_blame_the_server(k in 1_usize..=64) {
        let generator = Generator { cpu: 1.0, lag_p99_us: 1e6 };
        let (answer, _) = Simulated { generator, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert_eq!(answer.ended, End::Generator, "{}", answer);
        prop_assert!(answer.at_a_time_low <= k as f64 && answer.at_a_time_high.is_none());
        prop_assert!(answer.doubt.is_some_and(|doubt| doubt.contains("the load generator was the bottleneck")));
    }
}

#[test]
fn a_service_time_that_is_given_and_wrong_is_said() {
    for (given, said) in
        [(100.0, "one request alone took 500 ms, more than the 100 ms"), (2_000.0, "less than one alone")]
    {
        let (survey, ended) = Simulated::new(Server::Pool(4)).survey_by(Survey::new(SEARCH, given, true));
        let answer = survey.answer(ended);
        assert_eq!((answer.ended, answer.at_a_time_low), (End::Generator, 1.0), "{answer}");
        assert!(answer.doubt.as_ref().is_some_and(|doubt| doubt.contains(said)), "{answer}");
    }
}

#[test]
fn the_answer_is_a_plain_sentence() {
    let said = |server, limit| Simulated::new(server).search(limit).0.to_string();
    assert_eq!(
        said(Server::Pool(40), 1024),
        "takes 40 requests at a time; others wait until one of them is answered."
    );
    assert_eq!(
        said(Server::Pool(1), 1024),
        "takes 1 request at a time; others wait until one of them is answered."
    );
    assert_eq!(
        said(Server::Cap(16), 1024),
        "takes 16 requests at a time, and turns the rest away (status 503)."
    );
    assert_eq!(
        said(Server::Queue(16), 1024),
        "takes 16 requests at a time; others wait until one of them is answered; of 32 requests some are \
         turned away (status 503)."
    );
    assert_eq!(
        said(Server::Pool(40), 32),
        "takes at least 32 requests at a time; the search ended at the limit given (--limit)."
    );
    assert_eq!(
        said(Server::Sharing(4), 64),
        "does the work of about 4 requests at a time (3.2 to 5); all are slowed alike by those beyond."
    );
}

#[test]
fn forty_at_a_time_takes_some_twenty_bursts() {
    assert!(Simulated::new(Server::Pool(40)).search(1024).1 <= 20);
}

#[test]
fn what_slows_by_the_law_of_scalability_is_measured_by_it() {
    for (contention, coherency) in [(0.02, 0.001), (0.1, 0.002)] {
        let server = Simulated { jitter: 0.05, ..Simulated::new(Server::Law(contention, coherency)) };
        let (survey, _) = server.survey(1024);
        let found = Scalability::of(&Sizes::of(&survey.observed, survey.search.repeat));
        assert!(found.unsupported.is_none(), "{found:?}");
        let near = |found: Option<f64>, truth: f64| found.is_some_and(|found| (found - truth).abs() < 0.05);
        assert!(near(found.contention, contention) && near(found.coherency, coherency), "{found:?}");
    }
}
