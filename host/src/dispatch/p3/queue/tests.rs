use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

const MAX_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Eq)]
struct Item {
    number: usize,
    is_cancelled: bool,
}

impl Cancellable for Item {
    fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }
}

fn item(number: usize) -> Item {
    Item { number, is_cancelled: false }
}

/// A consumer that is polled when it is woken, as a task is.
struct TestConsumer {
    inner: Consumer<Item>,
    wakes: Arc<WakeFlag>,
    /// Whether the last poll returned an item: then the consumer is polled again.
    took_item: bool,
}

#[derive(Default)]
struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl TestConsumer {
    fn new(queue: &Arc<DispatchQueue<Item>>) -> Self {
        Self { inner: queue.consumer(), wakes: Arc::default(), took_item: false }
    }

    fn poll(&mut self) -> Option<usize> {
        let poll = self.inner.poll_pop(&mut Context::from_waker(&self.wakes.clone().into()));
        self.took_item = poll.is_ready();
        match poll {
            Poll::Ready(item) => Some(item.number),
            Poll::Pending => None,
        }
    }

    /// Makes the consumer available and polls it.
    fn start(&mut self) -> Option<usize> {
        self.inner.set_available();
        self.poll()
    }

    fn was_woken(&self) -> bool {
        self.wakes.0.swap(false, SeqCst)
    }
}

/// Checks the queue when its first item is overdue.
fn check_overdue(queue: &DispatchQueue<Item>) -> QueueStatus {
    queue.check(Instant::now() + MAX_WAIT, MAX_WAIT)
}

#[test]
fn an_item_is_returned_if_no_consumer_is_available() {
    let queue = Arc::default();
    let mut consumer = TestConsumer::new(&queue);
    assert_eq!(queue.push(item(1)), Some(item(1)));
    consumer.start();
    assert_eq!(queue.push(item(2)), None);
    assert!(consumer.was_woken());
    // The waiting item needs a new consumer.
    assert!(consumer.inner.set_unavailable());
    assert_eq!(consumer.poll(), None);
    assert_eq!(queue.push(item(3)), Some(item(3)));
    assert_eq!(TestConsumer::new(&queue).start(), Some(2));
}

#[test]
fn available_consumers_are_woken_in_turn() {
    let queue = Arc::default();
    let mut consumers = [(); 3].map(|()| TestConsumer::new(&queue));
    for consumer in &mut consumers {
        consumer.start();
    }
    for number in 0..3 {
        queue.push(item(number));
        assert_eq!(consumers.each_ref().map(TestConsumer::was_woken), [0, 1, 2].map(|each| each == number));
    }
    // A consumer that becomes unavailable wakes the next for the item.
    assert_eq!(consumers[0].poll(), Some(0));
    assert_eq!(consumers[0].poll(), Some(1));
    assert_eq!(consumers[0].poll(), Some(2));
    assert_eq!(consumers[0].poll(), None);
    assert_eq!(consumers[1].poll(), None);
    queue.push(item(3));
    assert!(consumers[0].was_woken() && !consumers[1].was_woken());
    assert!(!consumers[0].inner.set_unavailable());
    assert!(consumers[1].was_woken());
    assert_eq!(consumers[1].poll(), Some(3));
}

#[test]
fn a_blocked_consumer_does_not_keep_an_item_from_others() {
    let queue = Arc::default();
    let (mut blocked, mut idle) = (TestConsumer::new(&queue), TestConsumer::new(&queue));
    blocked.start();
    idle.start();
    queue.push(item(1));
    assert!(!idle.was_woken());
    assert_eq!(queue.check(Instant::now(), MAX_WAIT), QueueStatus::Waiting);
    assert!(idle.was_woken());
    assert_eq!(idle.poll(), Some(1));
    assert_eq!(check_overdue(&queue), QueueStatus::Empty);
}

#[test]
fn consumers_that_take_no_item_are_given_up_until_they_are_polled() {
    let queue = Arc::default();
    let mut blocked = TestConsumer::new(&queue);
    blocked.start();
    queue.push(item(1));
    queue.push(item(2));
    assert_eq!(check_overdue(&queue), QueueStatus::Overdue);
    // No consumer counts as available: new items and waiting items need new consumers.
    assert_eq!(queue.push(item(3)), Some(item(3)));
    let [mut first, mut second] = [(); 2].map(|()| TestConsumer::new(&queue));
    assert_eq!(first.start(), Some(1));
    assert!(first.inner.set_unavailable());
    assert_eq!(second.start(), Some(2));
    assert!(!second.inner.set_unavailable());
    assert_eq!(queue.push(item(4)), Some(item(4)));
    // The blocked consumer continues.
    assert_eq!(blocked.poll(), None);
    assert_eq!(queue.push(item(5)), None);
    assert_eq!(blocked.poll(), Some(5));
    assert!(!blocked.inner.set_unavailable());
    assert_eq!(queue.push(item(6)), Some(item(6)));
}

#[test]
fn the_waker_of_the_last_poll_is_used() {
    let queue = Arc::default();
    let mut consumer = TestConsumer::new(&queue);
    consumer.start();
    consumer.wakes = Arc::default();
    assert_eq!(consumer.poll(), None);
    queue.push(item(1));
    assert!(consumer.was_woken());
}

#[test]
fn consumers_that_are_given_up_are_woken() {
    let queue = Arc::default();
    let mut consumers = [(); 3].map(|()| TestConsumer::new(&queue));
    for consumer in &mut consumers {
        consumer.start();
    }
    queue.push(item(1));
    assert!(queue.has_available());
    assert_eq!(check_overdue(&queue), QueueStatus::Overdue);
    assert!(consumers.iter().all(TestConsumer::was_woken) && !queue.has_available());
    // A new consumer has as much time as they had.
    assert_eq!(check_overdue(&queue), QueueStatus::Waiting);
    assert_eq!(queue.check(Instant::now() + 2 * MAX_WAIT, MAX_WAIT), QueueStatus::Overdue);
}

#[test]
fn a_consumer_that_was_given_up_and_ends_is_not_counted_twice() {
    let queue = Arc::default();
    let (mut blocked, mut new) = (TestConsumer::new(&queue), TestConsumer::new(&queue));
    blocked.start();
    queue.push(item(1));
    assert_eq!(check_overdue(&queue), QueueStatus::Overdue);
    assert_eq!(new.start(), Some(1));
    assert!(!blocked.inner.set_unavailable());
    assert_eq!(queue.push(item(2)), None);
    assert_eq!(new.poll(), Some(2));
}

#[test]
fn items_without_an_available_consumer_are_drained() {
    let queue = Arc::default();
    let mut consumer = TestConsumer::new(&queue);
    consumer.start();
    for number in 0..3 {
        queue.push(item(number));
    }
    assert_eq!(queue.drain_unattended(), []);
    assert!(consumer.inner.set_unavailable());
    assert_eq!(queue.drain_unattended(), [item(0), item(1), item(2)]);
    assert!(queue.is_empty());
}

#[test]
fn cancelled_items_are_dropped() {
    let queue = Arc::default();
    let mut consumer = TestConsumer::new(&queue);
    consumer.start();
    queue.push(Item { number: 1, is_cancelled: true });
    queue.push(item(2));
    assert_eq!(consumer.poll(), Some(2));
    queue.push(Item { number: 3, is_cancelled: true });
    assert_eq!(check_overdue(&queue), QueueStatus::Empty);
    assert!(!consumer.inner.set_unavailable());
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    SetAvailable(usize),
    SetUnavailable(usize),
    Poll(usize),
    Check,
    CheckOverdue,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Push),
        3 => (0_usize..4).prop_map(Step::SetAvailable),
        2 => (0_usize..4).prop_map(Step::SetUnavailable),
        3 => (0_usize..4).prop_map(Step::Poll),
        1 => Just(Step::Check),
        1 => Just(Step::CheckOverdue),
    ]
}

proptest! {
    /// Every item is taken once and in order, whatever the steps. At the end all items are taken, if each consumer that was
    /// woken or took an item is polled, and each requested new consumer takes one item.
    #[test]
    fn every_item_is_taken_once_and_in_order(steps in prop::collection::vec(step(), 1..80)) {
        let queue = Arc::default();
        let mut consumers: Vec<_> = (0..4).map(|_| TestConsumer::new(&queue)).collect();
        let (mut pushed, mut taken, mut requested) = (0, Vec::new(), 0);
        for step in steps {
            match step {
                Step::Push => {
                    let returned = queue.push(item(pushed)).map(|item| item.number);
                    prop_assert!(returned.is_none_or(|number| number == pushed));
                    if returned.is_none() {
                        pushed += 1;
                    }
                }
                Step::SetAvailable(consumer) => taken.extend(consumers[consumer].start()),
                Step::SetUnavailable(consumer) => requested += usize::from(consumers[consumer].inner.set_unavailable()),
                Step::Poll(consumer) => taken.extend(consumers[consumer].poll()),
                Step::Check => { queue.check(Instant::now(), MAX_WAIT); }
                Step::CheckOverdue => requested += usize::from(check_overdue(&queue) == QueueStatus::Overdue),
            }
        }
        while let Some(consumer) = consumers.iter_mut().find(|consumer| consumer.was_woken() || consumer.took_item) {
            taken.extend(consumer.poll());
        }
        while requested > 0 {
            let mut consumer = TestConsumer::new(&queue);
            taken.extend(consumer.start());
            requested += usize::from(consumer.inner.set_unavailable());
            requested -= 1;
        }
        prop_assert!(queue.is_empty());
        prop_assert_eq!(taken, (0..pushed).collect::<Vec<_>>());
        for consumer in &mut consumers {
            let _ = consumer.inner.set_unavailable();
        }
        prop_assert_eq!(queue.lock().available, 0);
        prop_assert!(queue.lock().wakers.is_empty());
    }
}
