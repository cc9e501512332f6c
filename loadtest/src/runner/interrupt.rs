//! Work that an interruption ends.

use std::pin::Pin;

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
