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
    /// As [`Self::Processors`], for so many requests at once; the others wait.
    PooledProcessors,
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
    /// As [`Self::WindowOfAll`], with a count that is estimated from two fixed windows.
    WindowEstimate,
    Failing,
}

impl ServerModel {
    /// Whether the first parameter is a window of time: a round number.
    pub(super) fn has_window(self) -> bool {
        matches!(self, Self::WindowCap | Self::WindowOfAll | Self::WindowEstimate)
    }

    /// Whether each session may have a limit of its own.
    pub(super) fn may_be_by_session(self) -> bool {
        matches!(self, Self::Pool | Self::LockFirst | Self::LockLast)
    }

    /// Returns the place of the main parameter in a hypothesis's point. A hypothesis without parameters has none there.
    pub(super) fn main_place(self) -> usize {
        match self {
            // The number of workers or requests, or the delay, comes second; or the rate follows from both.
            Self::Pause
            | Self::InnerFirst
            | Self::InnerLast
            | Self::WarmPool
            | Self::Capped
            | Self::WindowCap
            | Self::WindowOfAll
            | Self::WindowEstimate => 3,
            _ => 2,
        }
    }

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
                    | Self::WindowEstimate
                    | Self::PooledProcessors
                    | Self::InnerFirst
                    | Self::InnerLast,
                3
            ) | (Self::WarmPool | Self::Growing | Self::Sticky | Self::Capped, 3)
        )
    }
}
