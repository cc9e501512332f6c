//! What an audit of an application shows.

use std::collections::BTreeMap;

use judge::verdict::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::burst::Burst;

/// Which routes of an application sharing instances slows. `runs` has a run for each route and use of instances; the bursts of
/// such a run were fired one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The system that ran the application.
    pub system: String,
    /// The application's manifest.
    pub manifest: String,
    /// The number of requests of a burst, from 2.
    pub n: usize,
    /// The components whose instances are shared by default: those of WASIp3.
    pub shared_components: Vec<String>,
    /// The routes, in the order of the manifest.
    pub routes: Vec<AuditedRoute>,
}

/// A route of the application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedRoute {
    /// The route, as the manifest has it.
    pub route: String,
    /// The component's id; null if the route has a fixed response.
    pub component: Option<String>,
    /// The component's WASI version: 2 or 3; null without a component.
    pub wasi: Option<u8>,
    /// The path that was requested; null if none was.
    pub path: Option<String>,
    /// The time that a request takes alone, in milliseconds, above 0; null if unknown.
    pub alone_ms: Option<f64>,
    /// The slowest burst with shared instances; null if there was none.
    pub shared: Option<Observed>,
    /// The burst with an instance for each request, sent like `shared`; null if there was none.
    pub isolated: Option<Observed>,
    /// What both mean.
    pub meaning: Meaning,
    /// What was seen, in sentences.
    pub why: String,
    /// What to change; null if nothing.
    pub remedy: Option<String>,
}

/// A burst of an audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// The kind of the verdict.
    pub kind: Kind,
    /// The verdict in a few words.
    pub headline: String,
    /// The time between the first send and the last, as planned, in milliseconds, from 0.
    pub spread_ms: f64,
    /// The time from the first send to the last good answer, in milliseconds.
    pub makespan_ms: f64,
    /// The number of instances that the replies name; 0 if they name none.
    pub instances: usize,
    /// The largest number of requests that were in one instance at once; 0 if the replies don't tell it.
    pub most_in_one: usize,
}

/// What the bursts at a route mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Sharing instances makes a burst slower.
    SharedSlower,
    /// No burst was slower with shared instances than with an instance for each request.
    NotSeen,
    /// Bursts are as slow with an instance for each request: something else limits them.
    OtherLimit,
    /// The component is of WASIp2: each request has an instance of its own.
    Isolated,
    /// The measurement supports no verdict.
    Inconclusive,
    /// A request alone has no good answer.
    FailsAlone,
    /// No request was sent.
    NotFired,
}

impl Meaning {
    /// Returns the meaning in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::SharedSlower => "sharing slows it",
            Self::NotSeen => "not seen: no burst was slower with shared instances",
            Self::OtherLimit => "something else limits it",
            Self::Isolated => "isolated",
            Self::Inconclusive => "no verdict",
            Self::FailsAlone => "fails alone: not judged",
            Self::NotFired => "not fired",
        }
    }
}

impl Observed {
    /// Creates the observation of a burst with sends over `spread_ms`.
    pub fn new(burst: &Burst, spread_ms: f64) -> Self {
        Self {
            kind: burst.verdict.kind,
            headline: burst.verdict.headline(),
            spread_ms: judge::units::rounded(spread_ms, 3),
            makespan_ms: burst.makespan_ms,
            instances: burst.instances,
            most_in_one: most_in_one(burst),
        }
    }
}

/// Returns the largest number of requests that were in one instance at once, by its own clock; 0 if unknown.
fn most_in_one(burst: &Burst) -> usize {
    let mut steps: BTreeMap<&str, Vec<(f64, i32)>> = BTreeMap::new();
    for request in &burst.requests {
        let shared = request.entered_us.zip(request.left_us);
        let stay = shared.or(request.server_entered_us.zip(request.server_left_us));
        if let (Some(instance), Some((entered, left))) = (&request.instance, stay) {
            steps.entry(instance).or_default().extend([(entered, 1), (left, -1)]);
        }
    }
    let most = |mut steps: Vec<(f64, i32)>| {
        steps.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let counts = steps.into_iter().scan(0, |count, (_, step)| {
            *count += step;
            Some(*count)
        });
        counts.max().unwrap_or(0)
    };
    steps.into_values().map(most).max().and_then(|most| usize::try_from(most).ok()).unwrap_or(0)
}
