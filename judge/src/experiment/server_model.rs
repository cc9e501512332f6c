//! The models of servers that requests are simulated at.

/// A kind of server. Several kinds may have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerModel {
    Unlimited,
    Uneven,
    Pause,
    Pool,
    LastFirst,
    AnyOrder,
    Pace,
    Bucket,
    Cost,
    Accepting,
    LockFirst,
    LockLast,
    InnerFirst,
    InnerLast,
    Processors,
    Batches,
    ColdStart,
    WarmPool,
    Growing,
    Sticky,
    SingleFlight,
    Capped,
    Deadline,
    RateCap,
    /// As [`Self::RateCap`], over a sliding window of time.
    WindowCap,
    /// As [`Self::WindowCap`]; refused requests count, too.
    WindowOfAll,
    Failing,
}

impl ServerModel {
    /// Whether the parameter at `i` of a hypothesis's point is a whole number.
    pub(super) fn is_whole(self, i: usize) -> bool {
        matches!(
            (self, i),
            (
                Self::Pool
                    | Self::LastFirst
                    | Self::AnyOrder
                    | Self::Batches
                    | Self::Capped
                    | Self::Deadline
                    | Self::Growing
                    | Self::Sticky,
                2
            ) | (
                Self::Bucket
                    | Self::RateCap
                    | Self::WindowCap
                    | Self::WindowOfAll
                    | Self::InnerFirst
                    | Self::InnerLast,
                3
            ) | (Self::WarmPool | Self::Growing | Self::Sticky | Self::Capped, 3)
        )
    }
}
