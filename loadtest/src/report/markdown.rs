//! `report.md` for an issue or a README: the table, the summaries, and the folded timelines; or a diagnosis.

use std::fmt::Write;

use results::chart::text::{INFERRED_LEGEND, is_inferred, timeline};
use results::document::{Burst, Diagnosed, Document};
use results::sentences;
use results::summary::overview::{Cell, Overview, Row, original};
use results::summary::{Column, summaries};

use super::format::Format;
use super::{audit, diagnosis};

/// The format.
pub(super) const FORMAT: Format = Format {
    name: "markdown",
    file: "report.md",
    help: "A table and timelines in characters, for an issue or a README",
    render: |document| Ok(text(document)),
};

/// The width of the timelines.
const TIMELINE_WIDTH: usize = 72;

fn text(document: &Document) -> String {
    let text = match (&document.diagnosis, &document.audit) {
        (Some(found), _) => diagnosed(found, document),
        (_, Some(found)) => audit::markdown(found, escaped) + "\n" + &bursts(document),
        _ => bursts(document),
    };
    let command = match document.command.is_empty() {
        true => String::new(),
        false => format!(" with {}", code(&document.command)),
    };
    let machine = match document.machine.is_known() {
        true => format!(", {} processors", document.machine.cpus),
        false => String::new(),
    };
    let measured = format!(
        "Measured by {}{command} on {}{machine}. ",
        escaped(&document.measured_by()),
        escaped(&document.started),
    );
    text + "\n" + &measured + &escaped(&(sentences::usage(document) + &sentences::generator(document))) + "\n"
}

/// Returns the diagnosis, then each experiment with a drawing.
fn diagnosed(found: &Diagnosed, document: &Document) -> String {
    let mut text = format!("**{}**: {}\n", escaped(&found.url), escaped(&found.headline()));
    for sentence in diagnosis::sentences(found) {
        let _ = write!(text, "\n{}\n", escaped(&sentence));
    }
    if let Some(legend) = diagnosis::legend(document) {
        let _ = write!(text, "\n{legend}\n");
    }
    for (number, (finding, run)) in found.diagnosis.experiments.iter().zip(&document.runs).enumerate() {
        let _ = write!(text, "\n{}. **{}**\n", number + 1, escaped(&finding.title));
        if let Some(drawing) = diagnosis::drawing(run, TIMELINE_WIDTH) {
            let _ = write!(text, "\n   ```text\n   {drawing}\n   ```\n\n");
        }
        for line in diagnosis::lines(finding) {
            let _ = writeln!(text, "   {}  ", escaped(&line));
        }
    }
    text
}

/// Returns the table, the summaries, and the folded timelines.
fn bursts(document: &Document) -> String {
    let overview = Overview::new(document);
    let mut text = table(&overview);
    for summary in summaries(document) {
        let lines: Vec<_> = summary.lines().map(escaped).collect();
        let _ = write!(text, "\n{}\n", lines.join("  \n"));
    }
    if document.bursts().any(is_inferred) {
        let _ = write!(text, "\n{INFERRED_LEGEND}\n");
    }
    for row in &overview.rows {
        for (column, cells) in overview.columns.iter().zip(&row.cells) {
            text += &timelines(row, column, cells);
        }
    }
    text
}

fn table(overview: &Overview) -> String {
    let has_original = overview.rows.iter().any(Row::is_original);
    let mut header = vec!["Setup".to_owned()];
    header.extend(has_original.then(|| "FastAPI, original result".to_owned()));
    header.extend(overview.columns.iter().map(|column| {
        let manifest = column.manifest.map_or(String::new(), |manifest| format!("<br>{}", escaped(manifest)));
        escaped(&column.name()) + &manifest
    }));
    let mut text = line(&header) + &line(&vec!["---".to_owned(); header.len()]);
    for row in &overview.rows {
        let mut cells = vec![format!(
            "{} {}<br>{}",
            escaped(&row.setup.setup),
            escaped(&row.setup.title),
            escaped(&row.sizes())
        )];
        cells.extend(has_original.then(|| originals(row)));
        let columns = overview.columns.iter().zip(&row.cells);
        cells.extend(columns.map(|(column, cells)| verdicts(row, cells, column.instance_noun())));
        text += &line(&cells);
    }
    text
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn originals(row: &Row) -> String {
    let text = |burst: &Burst| match original(burst) {
        Some((kind, Some(expected))) => format!("{kind} (expected: {expected})"),
        Some((kind, None)) => kind.to_string(),
        None => "-".to_owned(),
    };
    let bursts = &row.setup.bursts;
    labelled(row, bursts.iter().map(|burst| (burst, text(burst))))
}

fn verdicts(row: &Row, cells: &[Cell], noun: &str) -> String {
    let text = |cell: &Cell| {
        let details = [cell.mechanism(), cell.instances(noun), cell.agreement()].into_iter().flatten();
        let details: String = details.map(|text| format!(", {text}")).collect();
        let unmet: String = cell.unmet.iter().map(|line| format!("<br>❌ {}", escaped(line))).collect();
        format!("**{}**, {}{details}{unmet}", cell.median.verdict.headline(), cell.time())
    };
    labelled(row, cells.iter().map(|cell| (cell.median, text(cell))))
}

fn labelled<'a>(row: &Row, texts: impl Iterator<Item = (&'a Burst, String)>) -> String {
    let line = |(burst, text): (&Burst, String)| match row.has_several_bursts() {
        true => format!("{} {text}", escaped(burst.name())),
        false => text,
    };
    texts.map(line).collect::<Vec<_>>().join("<br>")
}

fn timelines(row: &Row, column: &Column, cells: &[Cell]) -> String {
    let mut text = String::new();
    for burst in cells.iter().map(|cell| cell.median).filter(|burst| !burst.requests.is_empty()) {
        let title = format!(
            "Setup {}, {} on {}: {}",
            row.setup.setup,
            burst.name(),
            column.name(),
            burst.verdict.headline()
        );
        let _ = write!(
            text,
            "\n<details><summary>{}</summary>\n\n```text\n{}```\n\n</details>\n",
            escaped(&title),
            timeline(burst, TIMELINE_WIDTH),
        );
    }
    text
}

/// Escapes text of others, so that it is no markup and starts no line.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            // These characters can start a link, emphasis, code or a cell, and `@` a mention.
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => escaped.extend(['\\', letter]),
            '@' => escaped += "&#64;",
            letter if letter.is_control() => escaped.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Returns `text` as code. The fence is longer than any sequence of backticks in it.
fn code(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

#[cfg(test)]
mod tests {
    use results::document::sample;

    use super::*;

    #[test]
    fn the_text_of_a_fixed_result_is_unchanged() {
        insta::assert_snapshot!(text(&sample::document(vec![sample::together(), sample::waves()])));
        insta::assert_snapshot!("mechanisms", text(&sample::document(vec![sample::rate(), sample::open()])));
    }

    #[test]
    fn an_audit_has_the_table_of_routes() {
        let text = text(&sample::audit());
        for line in [
            "shop.toml on embedded, bursts of 10 requests: sharing instances slows 1 of 3 routes.\n",
            "| Route | Component | WASI | Alone | Shared | Isolated | What it means |\n",
            "| /trap/:id<br>/trap/7 | trap | p3 | 1.00 s | limited, 4 at a time<br>3.00 s<br>1 instance, 10 at once | ",
            " | parallel<br>1.00 s<br>10 instances | sharing slows it |\n",
            "| /files/... | files | p3 | - | - | - | not fired |\n",
            "**/trap/:id**: Only the sharing differs, so that it is the cause. Replace the blocking call by its async form.\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing in\n{text}");
        }
    }

    #[test]
    fn hostile_names_are_text() {
        let mut document = sample::document(vec![sample::waves()]);
        document.runs[0].title = "a | b\n# c <img src=x> [d](javascript:e) @f `g`".to_owned();
        document.command = "loadtest `x` ``y``".to_owned();
        let text = text(&document);
        assert!(text.contains(r"a \| b \# c &lt;img src=x&gt; \[d\](javascript:e) &#64;f \`g\`"), "{text}");
        assert!(text.contains("``` loadtest `x` ``y`` ```"), "{text}");
    }
}
