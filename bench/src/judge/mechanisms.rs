//! What became of the bursts of each mechanism.

use simulator::evaluation::{Counts, Evaluation, Mistake};
use simulator::scenarios::Subject;

use super::shown;
use crate::document::Section;

/// So many errors are listed.
const ERRORS: usize = 60;

pub(super) fn sections(evaluation: &Evaluation) -> Vec<Section> {
    vec![
        by_mechanism(evaluation),
        by_noise(evaluation),
        named(evaluation),
        reliability(evaluation),
        intervals(evaluation),
        conclusive(evaluation),
        errors(evaluation),
    ]
}

pub(super) const COLUMNS: [&str; 7] = [
    "bursts",
    "right kind, high confidence",
    "medium",
    "low",
    "inconclusive",
    "right class, named",
    "most probable",
];

pub(super) fn cells(counts: &Counts) -> [String; 7] {
    let Counts { cases, kinds: [low, medium, high], inconclusive, named, best } = *counts;
    let [high, medium, low, named, best] = [high, medium, low, named, best].map(shown);
    [cases.to_string(), high, medium, low, inconclusive.to_string(), named, best]
}

fn by_mechanism(evaluation: &Evaluation) -> Section {
    let text = "How often the kind is right at each confidence, the class of the mechanism where one is named, and the class of the \
                most probable one, named or not. Servers in *italics* are described by no model of the judge; a star marks what is \
                held out.";
    let columns: Vec<&str> = ["server"].into_iter().chain(COLUMNS).collect();
    let mut section = Section::new("By mechanism", text, &columns);
    for subject in Subject::ALL {
        let counts = evaluation.total(|group| group == subject.name());
        section.row([title(subject)].into_iter().chain(cells(&counts)));
    }
    section.row(["all".to_owned()].into_iter().chain(cells(&evaluation.total(|_| true))));
    section
}

fn title(subject: Subject) -> String {
    let name = if subject.is_outside() { format!("*{}*", subject.name()) } else { subject.name().to_owned() };
    if subject.is_held_out() { format!("{name} ★") } else { name }
}

fn by_noise(evaluation: &Evaluation) -> Section {
    let columns: Vec<&str> = ["noise"].into_iter().chain(COLUMNS).collect();
    let mut section = Section::new("By noise", "The same, by what disturbed the burst.", &columns);
    for (noise, counts) in &evaluation.noises {
        section.row([noise.name().to_owned()].into_iter().chain(cells(counts)));
    }
    section
}

/// The confusion matrix, without its many empty cells.
fn named(evaluation: &Evaluation) -> Section {
    let text = "The confusion matrix of mechanisms, without its empty cells: what was named, and how often. The first of a class \
                stands for it.";
    let mut section = Section::new("What was named", text, &["server", "nothing", "named"]);
    for subject in Subject::ALL {
        let said = |(key, count)| {
            let (group, said): &(String, Option<_>) = key;
            (group == subject.name()).then_some((*said, count))
        };
        let mut said: Vec<(_, &usize)> = evaluation.confusion.iter().filter_map(said).collect();
        said.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let nothing = said.iter().find(|(name, _)| name.is_none()).map_or(0, |(_, count)| **count);
        let names: Vec<String> =
            said.iter().filter_map(|(name, count)| Some(format!("{} {count}", (*name)?))).collect();
        let names = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        section.row([title(subject), nothing.to_string(), names]);
    }
    section
}

fn reliability(evaluation: &Evaluation) -> Section {
    let text = "The probabilities that the judge gives to mechanisms, and how often these are right. An honest probability is \
                right as often as it says.";
    let columns = ["said probability", "how many", "right", "0 to 100 %"];
    let mut section = Section::new("Probabilities", text, &columns);
    for (tenth, share) in &evaluation.reliability {
        let said = format!("{:.1} to {:.1}", *tenth as f64 / 10.0, (tenth + 1) as f64 / 10.0);
        let percent = share.percent().unwrap_or(0.0);
        let bar = bar(percent, *tenth);
        section.row([said, share.of.to_string(), format!("{percent:.1} %"), format!("`{bar}`")]);
    }
    section
}

/// A bar of 20 characters, with a mark in the middle of what was said.
fn bar(percent: f64, tenth: usize) -> String {
    let filled = (percent / 5.0).round() as usize;
    (0..20)
        .map(|i| {
            if i == 2 * tenth + 1 {
                '|'
            } else if i < filled {
                '#'
            } else {
                '.'
            }
        })
        .collect()
}

fn intervals(evaluation: &Evaluation) -> Section {
    let text = "How often the interval of the number at a time holds k, and its median width as a multiple of k, by the spread of \
                service times (the standard deviation of their logarithm).";
    let mut section = Section::new("Intervals", text, &["spread", "hold k", "median width"]);
    for (band, intervals) in &evaluation.intervals {
        let width = intervals.median_width().map_or("-".to_owned(), |width| format!("{width:.2} k"));
        section.row([band.name().to_owned(), shown(intervals.hold), width]);
    }
    section
}

fn conclusive(evaluation: &Evaluation) -> Section {
    let text = "How many verdicts are conclusive where the burst shows enough.";
    let mut section = Section::new("Conclusive", text, &["bursts", "spread", "conclusive"]);
    for ((expected, band), share) in &evaluation.conclusive {
        section.row([expected.name().to_owned(), band.name().to_owned(), shown(*share)]);
    }
    section
}

fn errors(evaluation: &Evaluation) -> Section {
    let count = evaluation.errors.len();
    let which =
        if count > ERRORS { format!("The first {ERRORS} of {count}") } else { format!("All {count}") };
    let text = format!("{which}: a wrong kind at high confidence, or a mechanism that is named and wrong.");
    let mut section = Section::new("Errors", text, &["seed", "server", "error"]);
    for Mistake { case, group, text } in evaluation.errors.iter().take(ERRORS) {
        section.row([case.clone(), group.clone(), text.clone()]);
    }
    section
}
