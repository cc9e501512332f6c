use std::sync::atomic::AtomicBool;

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::task::yield_now;

use super::*;

const LONG: Duration = Duration::from_secs(600);

fn of(instances: usize) -> Arc<Admission> {
    Admission::new(instances, usize::MAX, LONG)
}

/// A request that stands in the queue.
fn waiting(admission: &Arc<Admission>, group: Group) -> Place {
    let mut place = admission.arrive(group);
    place.line_up().unwrap();
    place
}

/// Whether it is its turn, and with a room or without.
fn called(place: &mut Place) -> Option<bool> {
    let called = place.called.as_mut()?.try_recv().ok()?;
    place.promised = called;
    Some(called)
}

#[test]
fn rooms_go_to_those_that_wait_in_their_order() {
    let admission = of(1);
    let mut room = admission.room(0);
    let mut queue: Vec<_> = (0..5).map(|group| waiting(&admission, group)).collect();
    assert!(admission.is_crowded() && admission.room(9).is_none());
    for (group, place) in queue.iter_mut().enumerate() {
        drop(room.take());
        // Nobody gets ahead, neither those behind nor who has just come.
        assert!(admission.room(9).is_none() && admission.room((group + 1) % 5).is_none());
        assert_eq!(called(place), Some(true));
        room = admission.room(group);
        assert!(room.is_some());
        place.settle();
    }
    drop(room);
    assert!(!admission.is_crowded() && admission.room(9).is_some());
}

#[test]
fn a_room_that_was_kept_in_vain_goes_to_the_next() {
    let admission = of(1);
    let room = admission.room(0);
    let [mut first, second, mut third] = [0, 1, 2].map(|group| waiting(&admission, group));
    drop(room);
    // It heard that it is its turn, and then its client went away, or an instance had room for it.
    assert_eq!(called(&mut first), Some(true));
    drop(first);
    // This one was gone before it heard.
    drop(second);
    assert_eq!(called(&mut third), Some(true));
    assert!(admission.room(2).is_some());
}

#[test]
fn one_that_goes_away_frees_its_place() {
    let admission = Admission::new(1, 1, LONG);
    let _room = admission.room(0).unwrap();
    let place = waiting(&admission, 0);
    assert_eq!(admission.arrive(0).wait().now_or_never(), Some(Err(TurnedAway::QueueFull)));
    drop(place);
    assert!(!admission.is_crowded());
    waiting(&admission, 0);
}

#[tokio::test]
async fn nobody_waits_for_longer_than_allowed() {
    let admission = Admission::new(1, 5, Duration::from_millis(10));
    let _room = admission.room(0).unwrap();
    let mut place = admission.arrive(0);
    assert_eq!(place.wait().await, Err(TurnedAway::TooLong));
    drop(place);
    assert!(!admission.is_crowded());
    // A limit that no clock holds is none.
    let endless = Admission::new(0, 5, Duration::MAX);
    assert_eq!(endless.arrive(0).wait().now_or_never(), None);
}

#[test]
fn an_instance_with_room_calls_the_first_of_its_component() {
    let admission = of(1);
    let _room = admission.room(0).unwrap();
    let mut queue = [0, 1, 0, 1].map(|group| waiting(&admission, group));
    admission.vacancy(1);
    assert_eq!(called(&mut queue[1]), Some(false));
    assert!(called(&mut queue[0]).is_none() && called(&mut queue[3]).is_none());
    // It finds no room after all, and comes before those that came later.
    queue[1].line_up().unwrap();
    admission.vacancy(1);
    assert_eq!(called(&mut queue[1]), Some(false));
}

struct Idle(AtomicBool);

impl GiveWay for Idle {
    fn give_way(&self) -> bool {
        !self.0.swap(true, Relaxed)
    }
}

#[test]
fn idle_instances_give_way_to_those_that_wait() {
    let admission = of(1);
    let _room = admission.room(0).unwrap();
    let [early, gone, late] = [(); 3].map(|()| Arc::new(Idle(AtomicBool::new(false))));
    admission.idles(early.clone());
    admission.idles(gone.clone());
    admission.idles_no_more(&(gone.clone() as Arc<dyn GiveWay>));
    assert!(!early.0.load(Relaxed));
    let _first = waiting(&admission, 1);
    let _second = waiting(&admission, 1);
    assert!(early.0.load(Relaxed) && !gone.0.load(Relaxed));
    // One that idles while others wait goes at once.
    admission.idles(late.clone());
    assert!(late.0.load(Relaxed));
}

/// A request as a component's handler makes it: tries, waits, tries again.
async fn request(admission: Arc<Admission>, group: Group, turns: usize, live: Arc<AtomicUsize>) {
    let mut place = admission.arrive(group);
    let room = loop {
        match admission.room(group) {
            Some(room) => break room,
            None => place.wait().await.unwrap(),
        }
    };
    drop(place);
    live.fetch_add(1, Relaxed);
    let _living = Living { live, _room: room };
    for _ in 0..turns {
        yield_now().await;
    }
}

struct Living {
    live: Arc<AtomicUsize>,
    _room: Room,
}

impl Drop for Living {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Relaxed);
    }
}

proptest! {
    #[test]
    fn no_more_live_than_may_and_all_come_to_their_end(
        capacity in 1_usize..5,
        requests in prop::collection::vec((0_usize..3, 0_usize..4, any::<bool>()), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (admission, live) = (of(capacity), Arc::new(AtomicUsize::new(0)));
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for (group, turns, goes_away) in requests {
                let task = tokio::spawn(request(admission.clone(), group, turns, live.clone()));
                if goes_away {
                    yield_now().await;
                    task.abort();
                    let _ = task.await;
                } else {
                    tasks.push(task);
                }
                assert!(live.load(Relaxed) <= capacity);
            }
            for task in tasks {
                tokio::time::timeout(Duration::from_secs(20), task).await.expect("nobody is forgotten").unwrap();
            }
        });
        prop_assert!(!admission.is_crowded());
        prop_assert_eq!(admission.lock().free, capacity);
    }
}
