//! The judge on bursts of servers whose truth is known, simulated and recorded: the same for the same seed, on any machine.

mod families;
mod mechanisms;
mod recordings;
mod targets;

use simulator::evaluation::{Evaluation, Share};
use simulator::scenarios::Scenario;

use crate::document::Document;
use crate::numbers::grouped;

const INTRODUCTION: &str = "\
# The judge

How often the judge is right about simulated bursts whose truth is known. There are two sets of
them, and recordings of bursts at real servers.

**By mechanism.** A discrete-event simulator that shares no code and no assumption with the judge: a server is a state
machine that sees arrivals and its own timers, and answers when its mechanism says so (`simulator/src/mechanism/`). Each
mechanism that the judge can name has its turn, and so have servers that no model of the judge describes. 10 to 300
requests, most often all at once, at times in a closed loop or spaced. The mean service time is 20 ms to 2 s; service
times are constant, uniform by up to 50 % to either side, gamma, or log-normal by a sigma of up to 1. Half of the bursts
are quiet (a network of up to 0.2 ms each way); a quarter has noisy neighbours (3 % of the requests and answers are up to
30 ms late), a quarter a network of up to 1 to 10 ms. As in a measurement, there are up to eight requests alone before a
burst, within 3 s, and one after it.

The kind follows from makespans: T of the burst, Tinf of the same service times without a limit, T1 of one request at a time.
Parallel is up to Tinf / 0.8, sequential T1 / 1.25 to 1.25 T1, limited the rest; within a tenth of a border, both kinds are
right. A pool is limited if a request waited for more than a twentieth of the mean service time, and a pool of one then is
sequential. Fixed delays, such as cold starts, don't make a burst limited.

A named mechanism is right if it is the true one, or gives the same times: a rate limit, a lock, the server's own cost and
slow acceptance where the gaps are even; a pool and an inner pool; a pool and batches of constant service times; cold starts
and a pause; these and shared processors where all answers are late by the same. Connections that stuck to processes so evenly
that no process ran out of work early give the times of one pool. A server whose limit the burst doesn't reach has none.

Even seeds are for development, odd ones for checks: the figures below are of odd ones. The mechanisms that are marked as held out are
left out when the judge's probabilities are calibrated. `cargo run --release -p simulator --example evaluate -- --show SEED`
prints a burst with its truth and its verdict.

Bursts that `loadtest` fires together tell about each other: while a server (one scheme, host and port) answers one of them, it doesn't
stand still. So a pause before the first answer is ruled out if nearly all times at which it can have begun lie before such answers.

The probability of a mechanism is calibrated by Platt's scaling of what the models say, fitted to even seeds. Most wrong
names come from servers whose times resemble another mechanism: answers in ticks (named uneven backends), starts that contend (named
shared processors or a lock), locks of varying services (named a pool), and pools that hardly grow during the burst (named a pool of
one size). Three attempts to recognize these wrong names failed: division of the log evidence by 2, 3 and 4; gates on the trend and
on the mean square of the residuals, and on the requests alone; and a logistic regression and boosted trees over twelve figures of
each verdict. Beyond the calibration, each attempt removed at least as many right names as wrong names.

**By family.** Bursts of pools of 2 to 64 places, of event loops, of servers without limit, of processors that are
shared, of instances that their requests block, of caps that refuse, with connects that come late, and by a generator
that is too slow. 3 to 2,000 requests over as many connections or fewer, all at once, in a closed loop, spaced, or at
an even or random rate; service times that vary by up to 30 % to either side, the one of the request alone, too. One in
three bursts, on average, that go all at once to a pool, an event loop or a server without limit is taken up late, by up
to a fifth of the service time, as by a server that is busy.

Here, a verdict is right where it names the kind, and its interval holds k. Who waited less than a twentieth of the
service time met no limit. The truth is plain where service times vary by a tenth at most, three requests
or more come for each that is served at once, and one at a time would take 1.6 times as long as all at
once, or longer.

Written by `cargo run --release -p bench -- judge`, never by hand.
";

/// Judges `cases` bursts of each set.
pub fn measure(cases: u32, seed: u64) -> Document {
    let evaluation = evaluate(cases, seed);
    let facts = [("bursts of each set", grouped(f64::from(cases), 0)), ("seed", seed.to_string())];
    let mut document = Document::timeless(INTRODUCTION, facts);
    targets::sections(&evaluation).into_iter().for_each(|section| document.add(section));
    mechanisms::sections(&evaluation).into_iter().for_each(|section| document.add(section));
    recordings::sections().into_iter().for_each(|section| document.add(section));
    families::sections(cases, seed).into_iter().for_each(|section| document.add(section));
    document
}

/// Judges the scenarios of odd seeds.
fn evaluate(cases: u32, seed: u64) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for seed in (seed | 1..).step_by(2).take(cases as usize) {
        let Scenario { subject, load, truth, trace, .. } = Scenario::new(seed);
        let verdict = judge::verdict::judge(&trace);
        evaluation.add(subject.name(), &seed.to_string(), load.n, &truth, &verdict);
    }
    evaluation
}

/// A share in percent, with its numbers.
fn shown(share: Share) -> String {
    share.percent().map_or("-".to_owned(), |percent| format!("{percent:.1} % of {}", share.of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_document() {
        assert_eq!(measure(200, 7).to_string(), measure(200, 7).to_string());
        assert_ne!(measure(200, 7).to_string(), measure(200, 9).to_string());
    }
}
