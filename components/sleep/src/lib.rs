//! The asynchronous sleep that spin-sdk 5.2 lacks (spin-sdk 7 has `time::sleep`).

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use wasi::clocks::monotonic_clock;

/// Waits for `time`. Other tasks of the instance run meanwhile.
pub async fn sleep(time: Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let mut timer = Some(monotonic_clock::subscribe_duration(nanoseconds));
    poll_fn(|context| match timer.take() {
        Some(timer) => {
            spin_executor::push_waker(timer, context.waker().clone());
            Poll::Pending
        }
        // The executor polls a task again only when its timer is due.
        None => Poll::Ready(()),
    })
    .await;
}
