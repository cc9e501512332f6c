//! All bursts of a run as one, for a drawing.

use judge::verdict::{Kind, Verdict};

use crate::document::{Burst, Request, Run};

/// Returns the requests of all bursts of a run as one burst: times count from the first start, and numbers go on from burst to
/// burst. `None` without bursts.
pub fn as_one_burst(run: &Run) -> Option<Burst> {
    let first = run.bursts.first()?;
    let start = |burst: &Burst| burst.start_unix_us.unwrap_or(0) as f64;
    let begin = run.bursts.iter().map(start).fold(f64::INFINITY, f64::min);
    let verdict = match run.bursts.as_slice() {
        [one] => one.verdict.clone(),
        // A verdict on a part says nothing about the others.
        _ => Verdict::of(Kind::Inconclusive),
    };
    let mut all = Burst { requests: Vec::new(), verdict, ..first.clone() };
    for burst in &run.bursts {
        let later = start(burst) - begin;
        for request in &burst.requests {
            let i = all.requests.len();
            all.requests.push(Request { i, ..request.clone().later(later) });
        }
    }
    Some(all)
}
