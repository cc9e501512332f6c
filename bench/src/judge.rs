//! The judge on generated bursts of servers whose truth is known: the same bursts for the same seed, on any machine.

use judge::verdict::{self, Confidence};

use crate::document::{Document, Section};
use crate::goal::{Goal, Limit};
use crate::numbers::grouped;
use simulator::{Counts, KINDS, Random, Score, ServiceTimes};

const INTRODUCTION: &str = "\
# The judge

How often the judge is right about bursts that were generated: of pools of 2 to 64 places, of event loops,
of servers without limit, of processors that are shared, of instances that their requests block, of caps
that refuse, with connects that come late, and by a generator that is too slow. 3 to 2,000 requests over
as many connections or fewer, all at once, in a closed loop, spaced, or at an even or random rate;
service times that vary by up to 30 % to either side, the one of the request alone, too. One in
three bursts, on average, that go all at once to a pool, an event loop or a server without limit is taken up late, by up
to a fifth of the service time, as by a server that is busy.

A verdict is right where it names the kind, and its interval holds k. Who waited less than a twentieth of the
service time met no limit. The truth is plain where service times vary by a tenth at most, three requests
or more come for each that is served at once, and one at a time would take 1.6 times as long as all at
once, or longer.

Written by `cargo run --release -p bench -- judge`, never by hand.
";

/// Judges `cases` bursts.
pub fn measure(cases: u32, seed: u64) -> Document {
    let score = judge(cases, seed, ServiceTimes::Uniform);
    let facts = [("bursts", grouped(f64::from(cases), 0)), ("seed", seed.to_string())];
    let mut document = Document::timeless(INTRODUCTION, facts);
    document.add(targets(&score.all()));
    document.add(families(&score));
    document.add(matrix(&score));
    document.add(beyond(&judge(cases, seed, ServiceTimes::LogNormal).all()));
    document
}

fn judge(cases: u32, seed: u64, service_times: ServiceTimes) -> Score {
    let mut random = Random::new(seed);
    let mut score = Score::default();
    for _ in 0..cases {
        let case = simulator::case(&mut random, service_times);
        score.add(&case, &verdict::judge(&case.trace));
    }
    score
}

fn targets(all: &Counts) -> Section {
    let mut section =
        Section::new("Targets", "In percent, over all bursts.", &["share", "measured", "target"]);
    let goals = [
        (
            "right, of the verdicts of high confidence",
            Limit::AtLeast(99.0),
            percent(all.high_right, all.high),
        ),
        (
            "inconclusive, of those that are plain",
            Limit::AtMost(10.0),
            percent(all.plain_inconclusive, all.plain),
        ),
    ];
    for (what, limit, measured) in goals {
        let target = section.goal(Goal::new(what, limit, measured));
        section.row([what.to_owned(), format!("{measured:.2}"), target]);
    }
    section
}

fn families(score: &Score) -> Section {
    let columns =
        ["server", "bursts", "right", "high confidence", "of those right", "plain", "of those inconclusive"];
    let mut section =
        Section::new("By server", "How many bursts each had, and what became of them.", &columns);
    for (name, counts) in
        score.families.iter().map(|(family, counts)| (family.name(), *counts)).chain([("all", score.all())])
    {
        let Counts { cases, right, high, high_right, plain, plain_inconclusive } = counts;
        let counts = [cases, right, high, high_right, plain, plain_inconclusive];
        section.row([name.to_owned()].into_iter().chain(counts.map(|count| count.to_string())));
    }
    section
}

fn matrix(score: &Score) -> Section {
    let names = KINDS.map(|kind| kind.to_string());
    let columns: Vec<&str> = ["truth"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let text = "A row for each truth, a column for each verdict: how many had high / medium / low confidence. \
                A generator that is too slow makes the truth inconclusive.";
    let mut section = Section::new("What was true, and what was said", text, &columns);
    for (truth, name) in KINDS.into_iter().zip(&names) {
        let cell = |said| {
            [Confidence::High, Confidence::Medium, Confidence::Low]
                .map(|confidence| score.count(truth, said, confidence).to_string())
                .join(" / ")
        };
        section.row([name.clone()].into_iter().chain(KINDS.map(cell)));
    }
    section
}

/// What the judge isn't made for: it should be less often sure.
fn beyond(all: &Counts) -> Section {
    let text = "As many bursts with service times that vary log-normally, by a sigma of up to 0.6: one in forty takes \
                three times as long as most, and the one of the request alone may be any of them. The judge takes \
                service times to vary by 30 % at most, so this has no target.";
    let mut section = Section::new("Beyond that", text, &["share", "measured"]);
    for (what, part, whole) in [
        ("high confidence, of all verdicts", all.high, all.cases),
        ("right, of the verdicts of high confidence", all.high_right, all.high),
    ] {
        section.row([what.to_owned(), format!("{:.2} %", percent(part, whole))]);
    }
    section
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_document() {
        assert_eq!(measure(200, 7).to_string(), measure(200, 7).to_string());
        assert_ne!(measure(200, 7).to_string(), measure(200, 8).to_string());
    }
}
