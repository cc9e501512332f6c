//! Summaries: what the results of each system mean, in a sentence or two.

pub mod column;
pub mod overview;

use judge::verdict::{Kind, Shape};

pub use column::{Column, columns};

use crate::document::{Burst, Document, Run};

/// Returns a summary of each system's verdicts. Its lines are sentences.
pub fn summaries(document: &Document) -> Vec<String> {
    columns(document).iter().map(summary).collect()
}

fn summary(column: &Column) -> String {
    // The table shows whether the other rounds agree with the first one.
    let first_round = || column.runs.iter().filter(|run| run.round == 1);
    let bursts = || first_round().flat_map(|run| run.bursts.iter().map(|burst| (*run, burst)));
    let slow: Vec<(&Run, &Burst)> =
        bursts().filter(|(_, burst)| burst.verdict.kind != Kind::Parallel).collect();
    let total = bursts().count();
    let mut text = format!("{}: ", column.name());
    let parallel = total - slow.len();
    text += &match total {
        1 if parallel == 1 => "the burst was parallel.".to_owned(),
        1 => "the burst was not parallel.".to_owned(),
        _ => format!("{parallel} of {total} bursts were parallel."),
    };
    // If all requests were slowed down alike, no handler blocked other requests.
    let only_stretched = slow.iter().all(|(_, burst)| burst.verdict.shape == Some(Shape::Stretched));
    if only_stretched && bursts().all(|(_, burst)| burst.ok > 0 && burst.instances == burst.ok) {
        text += " Each request had its own instance, so that a blocking handler delayed no other request.";
    }
    for (run, burst) in slow {
        let (place, verdict) = (burst.name(), &burst.verdict);
        text += &format!("\nSetup {}, {place}: {}. {}", run.setup, verdict.headline(), verdict.why);
        for sentence in verdict.mechanism_sentences() {
            text += &format!(" {sentence}");
        }
        if let Some(remedy) = &verdict.remedy {
            text += &format!("\n{remedy}");
        }
    }
    text
}
