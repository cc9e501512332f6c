//! Work that an interruption ends.

use std::pin::Pin;
use std::time::Duration;

use crate::exit::{Aborted, Failure};

/// Does `work`, or drops it as soon as `interrupted` completes. After the interruption, `interrupted` must not be polled again.
///
/// # Errors
///
/// The failure of `work`, or [`Aborted::Interrupted`].
pub async fn unless<T>(
    interrupted: Pin<&mut impl Future<Output = ()>>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Aborted> {
    tokio::select! {
        done = work => Ok(done?),
        () = interrupted => Err(Aborted::Interrupted),
    }
}

/// Waits for `pause`. Returns whether it was interrupted meanwhile.
pub async fn is_interrupted_in(pause: Duration, interrupted: Pin<&mut impl Future<Output = ()>>) -> bool {
    tokio::select! {
        biased;
        () = tokio::time::sleep(pause) => false,
        () = interrupted => true,
    }
}
