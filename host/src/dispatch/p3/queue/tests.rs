use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
struct Item {
    number: usize,
    is_wanted: bool,
}

impl Waits for Item {
    fn is_wanted(&self) -> bool {
        self.is_wanted
    }
}

fn item(number: usize) -> Item {
    Item { number, is_wanted: true }
}

/// Polled when it is woken, as a task is.
struct Worker {
    taker: Taker<Item>,
    woken: Arc<Woken>,
    /// Whether it took one when it was last polled: it will be polled again.
    took: bool,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Worker {
    fn new(line: &Arc<Line<Item>>) -> Self {
        Self { taker: line.taker(), woken: Arc::default(), took: false }
    }

    fn poll(&mut self) -> Option<usize> {
        let poll = self.taker.poll_take(&mut Context::from_waker(&self.woken.clone().into()));
        self.took = poll.is_ready();
        match poll {
            Poll::Ready(item) => Some(item.number),
            Poll::Pending => None,
        }
    }

    fn opens(&mut self) -> Option<usize> {
        self.taker.open();
        self.poll()
    }

    fn is_woken(&self) -> bool {
        self.woken.0.swap(false, SeqCst)
    }
}

fn overdue(line: &Line<Item>) -> Found {
    line.look(Instant::now() + PATIENCE, PATIENCE)
}

#[test]
fn who_comes_while_nobody_is_open_is_given_back() {
    let line = Arc::default();
    let mut worker = Worker::new(&line);
    assert_eq!(line.push(item(1)), Some(item(1)));
    worker.opens();
    assert_eq!(line.push(item(2)), None);
    assert!(worker.is_woken());
    // It takes a new one for who would wait in vain.
    assert!(worker.taker.close());
    assert_eq!(worker.poll(), None);
    assert_eq!(line.push(item(3)), Some(item(3)));
    assert_eq!(Worker::new(&line).opens(), Some(2));
}

#[test]
fn those_that_are_open_are_woken_in_turn() {
    let line = Arc::default();
    let mut workers = [(); 3].map(|()| Worker::new(&line));
    for worker in &mut workers {
        worker.opens();
    }
    for number in 0..3 {
        line.push(item(number));
        assert_eq!(workers.each_ref().map(Worker::is_woken), [0, 1, 2].map(|each| each == number));
    }
    // One that has no room for what it was woken for passes it on.
    assert_eq!(workers[0].poll(), Some(0));
    assert_eq!(workers[0].poll(), Some(1));
    assert_eq!(workers[0].poll(), Some(2));
    assert_eq!(workers[0].poll(), None);
    assert_eq!(workers[1].poll(), None);
    line.push(item(3));
    assert!(workers[0].is_woken() && !workers[1].is_woken());
    assert!(!workers[0].taker.close());
    assert!(workers[1].is_woken());
    assert_eq!(workers[1].poll(), Some(3));
}

#[test]
fn one_that_does_not_get_to_it_does_not_keep_it_from_others() {
    let line = Arc::default();
    let (mut stuck, mut idle) = (Worker::new(&line), Worker::new(&line));
    stuck.opens();
    idle.opens();
    line.push(item(1));
    assert!(!idle.is_woken());
    assert_eq!(line.look(Instant::now(), PATIENCE), Found::Waiting);
    assert!(idle.is_woken());
    assert_eq!(idle.poll(), Some(1));
    assert_eq!(overdue(&line), Found::Nobody);
}

#[test]
fn those_that_are_open_and_take_nothing_are_given_up_until_they_do() {
    let line = Arc::default();
    let mut stuck = Worker::new(&line);
    stuck.opens();
    line.push(item(1));
    line.push(item(2));
    assert_eq!(overdue(&line), Found::Overdue);
    // Nobody is counted on: those that come have instances of their own, and so have those that wait.
    assert_eq!(line.push(item(3)), Some(item(3)));
    let [mut first, mut second] = [(); 2].map(|()| Worker::new(&line));
    assert_eq!(first.opens(), Some(1));
    assert!(first.taker.close());
    assert_eq!(second.opens(), Some(2));
    assert!(!second.taker.close());
    assert_eq!(line.push(item(4)), Some(item(4)));
    // It goes on.
    assert_eq!(stuck.poll(), None);
    assert_eq!(line.push(item(5)), None);
    assert_eq!(stuck.poll(), Some(5));
    assert!(!stuck.taker.close());
    assert_eq!(line.push(item(6)), Some(item(6)));
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let line = Arc::default();
    let mut worker = Worker::new(&line);
    worker.opens();
    worker.woken = Arc::default();
    assert_eq!(worker.poll(), None);
    line.push(item(1));
    assert!(worker.is_woken());
}

#[test]
fn those_that_are_given_up_are_woken_to_be_counted_again() {
    let line = Arc::default();
    let mut workers = [(); 3].map(|()| Worker::new(&line));
    for worker in &mut workers {
        worker.opens();
    }
    line.push(item(1));
    assert!(line.is_open());
    assert_eq!(overdue(&line), Found::Overdue);
    assert!(workers.iter().all(Worker::is_woken) && !line.is_open());
    // A new one has as much time as they had.
    assert_eq!(overdue(&line), Found::Waiting);
    assert_eq!(line.look(Instant::now() + 2 * PATIENCE, PATIENCE), Found::Overdue);
}

#[test]
fn one_that_was_given_up_and_ends_is_not_counted_twice() {
    let line = Arc::default();
    let (mut stuck, mut fresh) = (Worker::new(&line), Worker::new(&line));
    stuck.opens();
    line.push(item(1));
    assert_eq!(overdue(&line), Found::Overdue);
    assert_eq!(fresh.opens(), Some(1));
    assert!(!stuck.taker.close());
    assert_eq!(line.push(item(2)), None);
    assert_eq!(fresh.poll(), Some(2));
}

#[test]
fn those_whom_nobody_takes_are_told_that_there_is_no_room() {
    let line = Arc::default();
    let mut worker = Worker::new(&line);
    worker.opens();
    for number in 0..3 {
        line.push(item(number));
    }
    assert_eq!(line.unattended(), []);
    assert!(worker.taker.close());
    assert_eq!(line.unattended(), [item(0), item(1), item(2)]);
    assert!(line.is_empty());
}

#[test]
fn what_nobody_wants_is_not_taken() {
    let line = Arc::default();
    let mut worker = Worker::new(&line);
    worker.opens();
    line.push(Item { number: 1, is_wanted: false });
    line.push(item(2));
    assert_eq!(worker.poll(), Some(2));
    line.push(Item { number: 3, is_wanted: false });
    assert_eq!(overdue(&line), Found::Nobody);
    assert!(!worker.taker.close());
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    Open(usize),
    Close(usize),
    Poll(usize),
    Glance,
    Overdue,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Push),
        3 => (0_usize..4).prop_map(Step::Open),
        2 => (0_usize..4).prop_map(Step::Close),
        3 => (0_usize..4).prop_map(Step::Poll),
        1 => Just(Step::Glance),
        1 => Just(Step::Overdue),
    ]
}

proptest! {
    /// Whatever happens, each comes out once, in order; and all do, if those are polled that are woken or took one,
    /// and new ones come when they are asked for, of which each takes one and no more.
    #[test]
    fn nobody_is_lost_or_overtaken_and_all_are_taken(steps in prop::collection::vec(step(), 1..80)) {
        let line = Arc::default();
        let mut workers: Vec<_> = (0..4).map(|_| Worker::new(&line)).collect();
        let (mut pushed, mut out, mut wanted) = (0, Vec::new(), 0);
        for step in steps {
            match step {
                Step::Push => {
                    let given_back = line.push(item(pushed)).map(|item| item.number);
                    prop_assert!(given_back.is_none_or(|number| number == pushed));
                    if given_back.is_none() {
                        pushed += 1;
                    }
                }
                Step::Open(worker) => out.extend(workers[worker].opens()),
                Step::Close(worker) => wanted += usize::from(workers[worker].taker.close()),
                Step::Poll(worker) => out.extend(workers[worker].poll()),
                Step::Glance => { line.look(Instant::now(), PATIENCE); }
                Step::Overdue => wanted += usize::from(overdue(&line) == Found::Overdue),
            }
        }
        while let Some(worker) = workers.iter_mut().find(|worker| worker.is_woken() || worker.took) {
            out.extend(worker.poll());
        }
        while wanted > 0 {
            let mut worker = Worker::new(&line);
            out.extend(worker.opens());
            wanted += usize::from(worker.taker.close());
            wanted -= 1;
        }
        prop_assert!(line.is_empty());
        prop_assert_eq!(out, (0..pushed).collect::<Vec<_>>());
        for worker in &mut workers {
            worker.taker.close();
        }
        prop_assert_eq!(line.lock().open, 0);
        prop_assert!(line.lock().listening.is_empty());
    }
}
