//! The result of `diagnose` as text: the diagnosis, then each experiment with a drawing.

use std::fmt::Write;

use console::style;
use judge::experiment::Finding;
use judge::mechanism::Name;
use results::chart::as_one_burst;
use results::chart::text::{COMPACT_LEGEND, compact};
use results::document::{Diagnosed, Document, Run};
use results::sentences;

use super::wrap::{DEFAULT_WIDTH, wrapped};

/// The largest width of a drawing.
const MAX_WIDTH: u16 = 72;
const INDENT: &str = "   ";

/// Returns the diagnosis, and the experiments below it; `with_drawings` adds a drawing of each.
pub fn text(document: &Document, width: Option<u16>, with_drawings: bool) -> String {
    let Some(found) = &document.diagnosis else { return String::new() };
    let mut text = format!("{}: {}\n", found.url, style(found.headline()).bold());
    for sentence in sentences(found) {
        let _ = writeln!(text, "{}", wrapped(&sentence, "  ", width));
    }
    let columns = usize::from(width.unwrap_or(DEFAULT_WIDTH).min(MAX_WIDTH)).saturating_sub(INDENT.len());
    if let Some(legend) = legend(document).filter(|_| with_drawings) {
        let _ = writeln!(text, "\n{}", wrapped(legend, "", width));
    }
    for (number, (finding, run)) in found.diagnosis.experiments.iter().zip(&document.runs).enumerate() {
        let _ = writeln!(text, "\n{}. {}", number + 1, style(&finding.title).bold());
        if let Some(drawing) = drawing(run, columns).filter(|_| with_drawings) {
            let _ = writeln!(text, "{INDENT}{drawing}");
        }
        for line in lines(finding) {
            let _ = writeln!(text, "{}", wrapped(&line, INDENT, width));
        }
    }
    text + "\n" + &wrapped(&sentences::generator(document), "", width) + "\n"
}

/// Returns the sentences on the mechanism: what explains it, what else may, what to change, what was expected.
pub(super) fn sentences(found: &Diagnosed) -> Vec<String> {
    let diagnosis = &found.diagnosis;
    let unmet = found.unmet().into_iter().map(|line| line + ".");
    [diagnosis.why.clone()]
        .into_iter()
        .chain(diagnosis.sentences())
        .chain(diagnosis.remedy.clone())
        .chain(unmet)
        .collect()
}

/// Returns the sentences on an experiment: why it was chosen, what was seen, what it ruled out.
pub(super) fn lines(finding: &Finding) -> [String; 3] {
    let ruled_out = match finding.ruled_out.as_slice() {
        [] => "nothing".to_owned(),
        names => names.iter().copied().map(Name::words).collect::<Vec<_>>().join(", "),
    };
    [
        format!("Why: {}.", finding.reason),
        format!("Seen: {}", finding.seen),
        format!("Ruled out: {ruled_out}."),
    ]
}

/// Returns the explanation of the drawings, if there are any.
pub(super) fn legend(document: &Document) -> Option<&'static str> {
    document.bursts().next().map(|_| COMPACT_LEGEND)
}

/// Returns the answers over time, in one line.
pub(super) fn drawing(run: &Run, columns: usize) -> Option<String> {
    Some(compact(&as_one_burst(run)?, columns))
}
