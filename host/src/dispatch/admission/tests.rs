use std::sync::atomic::AtomicBool;

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::task::yield_now;

use super::*;

const LONG_TIMEOUT: Duration = Duration::from_secs(600);

fn admission(instances: usize) -> Arc<Admission> {
    Admission::new(instances, usize::MAX, LONG_TIMEOUT)
}

fn new_ticket(admission: &Arc<Admission>, component: ComponentIndex, origin: Origin) -> QueueTicket {
    QueueTicket::new(admission.clone(), component, origin)
}

/// The ticket of a request in the queue.
fn waiting(admission: &Arc<Admission>, component: ComponentIndex) -> QueueTicket {
    let mut ticket = new_ticket(admission, component, Origin::Client);
    ticket.enqueue().unwrap();
    ticket
}

/// Whether the request was woken with a reservation; `None` if it was not woken.
fn woken(ticket: &mut QueueTicket) -> Option<bool> {
    let with_reservation = ticket.woken.as_mut()?.try_recv().ok()?;
    ticket.has_reservation = with_reservation;
    Some(with_reservation)
}

#[test]
fn permits_go_to_waiting_requests_in_the_order_of_arrival() {
    let admission = admission(1);
    let mut permit = admission.try_acquire(0);
    let mut queue: Vec<_> = (0..5).map(|component| waiting(&admission, component)).collect();
    assert!(admission.has_waiting() && admission.try_acquire(9).is_none());
    for (component, ticket) in queue.iter_mut().enumerate() {
        drop(permit.take());
        // No other request overtakes: neither a later one in the queue nor one that has just arrived.
        assert!(admission.try_acquire(9).is_none() && admission.try_acquire((component + 1) % 5).is_none());
        assert_eq!(woken(ticket), Some(true));
        permit = admission.try_acquire(component);
        assert!(permit.is_some());
        ticket.settle();
    }
    drop(permit);
    assert!(!admission.has_waiting() && admission.try_acquire(9).is_some());
}

#[test]
fn an_unused_reservation_goes_to_the_next_request() {
    let admission = admission(1);
    let permit = admission.try_acquire(0);
    let [mut first, second, mut third] = [0, 1, 2].map(|component| waiting(&admission, component));
    drop(permit);
    // The request was woken, and then its client disconnected, or an instance had capacity for it.
    assert_eq!(woken(&mut first), Some(true));
    drop(first);
    // The request was woken, and was given up before it was polled.
    drop(second);
    assert_eq!(woken(&mut third), Some(true));
    assert!(admission.try_acquire(2).is_some());
}

#[test]
fn a_request_that_is_given_up_leaves_the_queue() {
    let admission = Admission::new(1, 1, LONG_TIMEOUT);
    let _permit = admission.try_acquire(0).unwrap();
    let ticket = waiting(&admission, 0);
    assert_eq!(
        new_ticket(&admission, 0, Origin::Client).wait().now_or_never(),
        Some(Err(Overloaded::QueueFull))
    );
    drop(ticket);
    assert!(!admission.has_waiting());
    waiting(&admission, 0);
}

#[tokio::test]
async fn a_request_waits_no_longer_than_the_queue_timeout() {
    let admission = Admission::new(1, 5, Duration::from_millis(10));
    let _permit = admission.try_acquire(0).unwrap();
    let mut ticket = new_ticket(&admission, 0, Origin::Client);
    assert_eq!(ticket.wait().await, Err(Overloaded::QueueTimeout));
    drop(ticket);
    assert!(!admission.has_waiting());
    // A timeout beyond the clock's range is no limit.
    let endless = Admission::new(0, 5, Duration::MAX);
    assert_eq!(new_ticket(&endless, 0, Origin::Client).wait().now_or_never(), None);
}

#[test]
fn an_instance_with_capacity_wakes_the_first_request_of_its_component() {
    let admission = admission(1);
    let _permit = admission.try_acquire(0).unwrap();
    let mut queue = [0, 1, 0, 1].map(|component| waiting(&admission, component));
    admission.notify_capacity(1);
    assert_eq!(woken(&mut queue[1]), Some(false));
    assert!(woken(&mut queue[0]).is_none() && woken(&mut queue[3]).is_none());
    // The capacity is gone: the request waits again, in front of later ones.
    queue[1].enqueue().unwrap();
    admission.notify_capacity(1);
    assert_eq!(woken(&mut queue[1]), Some(false));
}

/// An idle instance, and whether it was evicted.
struct Idle(AtomicBool);

impl Evictable for Idle {
    fn try_evict(&self) -> bool {
        !self.0.swap(true, Relaxed)
    }
}

#[test]
fn idle_instances_are_evicted_for_waiting_requests() {
    let admission = admission(1);
    let _permit = admission.try_acquire(0).unwrap();
    let [early, ended, late] = [(); 3].map(|()| Arc::new(Idle(AtomicBool::new(false))));
    admission.add_idle(early.clone());
    admission.add_idle(ended.clone());
    admission.remove_idle(&(ended.clone() as Arc<dyn Evictable>));
    assert!(!early.0.load(Relaxed));
    let _first = waiting(&admission, 1);
    let _second = waiting(&admission, 1);
    assert!(early.0.load(Relaxed) && !ended.0.load(Relaxed));
    // An instance that becomes idle while a request waits is evicted at once.
    admission.add_idle(late.clone());
    assert!(late.0.load(Relaxed));
}

/// Acquires a permit as a component's handler does: tries, waits, and tries again.
async fn request(admission: Arc<Admission>, component: ComponentIndex, turns: usize, live: Arc<AtomicUsize>) {
    let mut ticket = new_ticket(&admission, component, Origin::Client);
    let permit = loop {
        match admission.try_acquire(component) {
            Some(permit) => break permit,
            None => ticket.wait().await.unwrap(),
        }
    };
    drop(ticket);
    live.fetch_add(1, Relaxed);
    let _instance = LiveInstance { live, _permit: permit };
    for _ in 0..turns {
        yield_now().await;
    }
}

struct LiveInstance {
    live: Arc<AtomicUsize>,
    _permit: InstancePermit,
}

impl Drop for LiveInstance {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Relaxed);
    }
}

proptest! {
    #[test]
    fn the_limit_holds_and_every_request_ends(
        capacity in 1_usize..5,
        requests in prop::collection::vec((0_usize..3, 0_usize..4, any::<bool>()), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (admission, live) = (admission(capacity), Arc::new(AtomicUsize::new(0)));
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for (component, turns, is_given_up) in requests {
                let task = tokio::spawn(request(admission.clone(), component, turns, live.clone()));
                if is_given_up {
                    yield_now().await;
                    task.abort();
                    let _ = task.await;
                } else {
                    tasks.push(task);
                }
                assert!(live.load(Relaxed) <= capacity);
            }
            for task in tasks {
                tokio::time::timeout(Duration::from_secs(20), task).await.expect("no request is forgotten").unwrap();
            }
        });
        prop_assert!(!admission.has_waiting());
        prop_assert_eq!(admission.lock().free_permits, capacity);
    }
}

#[tokio::test]
async fn a_guests_request_is_before_those_of_clients_and_not_limited_by_their_number() {
    let admission = Admission::new(1, 1, Duration::from_secs(60));
    let permit = admission.try_acquire(0).unwrap();
    let mut client = new_ticket(&admission, 0, Origin::Client);
    let mut client = std::pin::pin!(client.wait());
    assert!(client.as_mut().now_or_never().is_none());
    let mut guest = new_ticket(&admission, 0, Origin::Guest);
    let mut guest = std::pin::pin!(guest.wait());
    assert!(guest.as_mut().now_or_never().is_none());
    drop(permit);
    assert_eq!(guest.await, Ok(()));
    assert!(client.now_or_never().is_none());
    assert_eq!(
        new_ticket(&admission, 0, Origin::Client).wait().now_or_never(),
        Some(Err(Overloaded::QueueFull))
    );
    assert_eq!(new_ticket(&admission, 0, Origin::Guest).wait().now_or_never(), None);
}

#[test]
fn guests_and_clients_have_places_of_their_own() {
    let admission = Admission::new(1, 1, LONG_TIMEOUT);
    let _permit = admission.try_acquire(0).unwrap();
    for round in 0..2 {
        let mut tickets = [Origin::Guest, Origin::Client].map(|origin| new_ticket(&admission, 0, origin));
        for ticket in &mut tickets {
            assert!(ticket.enqueue().is_ok(), "{round}");
        }
        for origin in [Origin::Guest, Origin::Client] {
            let refused = new_ticket(&admission, 0, origin).enqueue().map(|_| ());
            assert_eq!(refused, Err(Overloaded::QueueFull), "{round}: {origin:?}");
        }
    }
}
