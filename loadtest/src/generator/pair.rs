//! Two futures of one task that wake each other. Each is polled only after it was woken, and the task isn't scheduled in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// The most turns in a row. After them, other tasks have theirs.
const MAX_TURNS: usize = 16;

/// The first future was woken.
const FIRST: u8 = 1;
/// The second future was woken.
const SECOND: u8 = 2;
/// The futures are being polled: a wake is noticed without the task's waker.
const POLLED: u8 = 4;

/// Polls the two futures.
pub struct Pair {
    wakes: Arc<Wakes>,
    wakers: [Waker; 2],
}

/// Which of the futures were woken.
struct Wakes {
    woken: AtomicU8,
    task: AtomicWaker,
}

/// The waker of one future.
struct Side {
    wakes: Arc<Wakes>,
    bit: u8,
}

impl Wake for Side {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.wakes.woken.fetch_or(self.bit, SeqCst) & POLLED == 0 {
            self.wakes.task.wake();
        }
    }
}

impl Pair {
    /// A pair whose second future is new.
    pub fn new() -> Self {
        let wakes = Arc::new(Wakes { woken: AtomicU8::new(SECOND), task: AtomicWaker::new() });
        let wakers = [FIRST, SECOND].map(|bit| Waker::from(Arc::new(Side { wakes: wakes.clone(), bit })));
        Self { wakes, wakers }
    }

    /// Called when the first future is new.
    pub fn begin(&self) {
        self.wakes.woken.fetch_or(FIRST, SeqCst);
    }

    /// Polls the futures that were woken, until neither is, or until the first has ended.
    pub fn poll<T>(
        &self,
        task: &mut Context<'_>,
        mut first: impl FnMut(&mut Context<'_>) -> Poll<T>,
        mut second: impl FnMut(&mut Context<'_>),
    ) -> Poll<T> {
        let Self { wakes, wakers } = self;
        let woken = &wakes.woken;
        wakes.task.register(task.waker());
        woken.fetch_or(POLLED, SeqCst);
        let take = |bit: u8| woken.fetch_and(!bit, SeqCst) & bit != 0;
        for _ in 0..MAX_TURNS {
            if take(FIRST)
                && let ended @ Poll::Ready(_) = first(&mut Context::from_waker(&wakers[0]))
            {
                take(POLLED);
                return ended;
            }
            if take(SECOND) {
                second(&mut Context::from_waker(&wakers[1]));
            }
            if woken.compare_exchange(POLLED, 0, SeqCst, SeqCst).is_ok() {
                return Poll::Pending;
            }
        }
        take(POLLED);
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    #[test]
    fn a_wake_within_the_pair_is_a_turn_and_a_later_wake_is_the_tasks() {
        let (count, pair) = (Arc::new(Count::default()), Pair::new());
        let task = Waker::from(count.clone());
        let mut task = Context::from_waker(&task);
        pair.begin();
        let (mut order, mut of_first, mut of_second) = (String::new(), None, None);
        let polled = pair.poll(
            &mut task,
            |context| {
                of_first = Some(context.waker().clone());
                order.push('1');
                Poll::<()>::Pending
            },
            |context| {
                of_second.get_or_insert_with(|| context.waker().clone());
            },
        );
        assert!(polled.is_pending() && of_second.is_some());
        assert_eq!((&*order, count.0.load(SeqCst)), ("1", 0));
        // From outside.
        of_second.as_ref().unwrap().wake_by_ref();
        assert_eq!(count.0.load(SeqCst), 1);
        let polls = [Cell::new(0), Cell::new(0)];
        let polled = pair.poll(
            &mut task,
            |_| {
                polls[0].set(polls[0].get() + 1);
                Poll::Ready(())
            },
            |_| {
                polls[1].set(polls[1].get() + 1);
                of_first.as_ref().unwrap().wake_by_ref();
            },
        );
        assert!(polled.is_ready());
        assert_eq!((polls, count.0.load(SeqCst)), ([1, 1].map(Cell::new), 1));
    }

    #[test]
    fn a_future_that_always_wakes_itself_lets_other_tasks_run() {
        let (count, pair) = (Arc::new(Count::default()), Pair::new());
        let task = Waker::from(count.clone());
        let mut turns = 0;
        let polled = pair.poll(
            &mut Context::from_waker(&task),
            |_| Poll::<()>::Pending,
            |context| {
                turns += 1;
                context.waker().wake_by_ref();
            },
        );
        assert!(polled.is_pending());
        assert_eq!((turns, count.0.load(SeqCst)), (MAX_TURNS, 1));
    }
}
