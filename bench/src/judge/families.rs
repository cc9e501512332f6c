//! The judge on bursts of families of servers.

use judge::verdict::{self, Confidence};
use simulator::{Counts, KINDS, Random, Score, ServiceTimes};

use crate::document::Section;
use crate::goal::{Goal, Limit};

/// Judges `cases` bursts.
pub(super) fn sections(cases: u32, seed: u64) -> [Section; 4] {
    let score = judge(cases, seed, ServiceTimes::Uniform);
    let beyond = beyond(&judge(cases, seed, ServiceTimes::LogNormal).all());
    [targets(&score.all()), families(&score), matrix(&score), beyond]
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
        Section::new("Targets, by family", "In percent, over all bursts.", &["share", "measured", "target"]);
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
        Section::new("By family", "How many bursts each had, and what became of them.", &columns);
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
