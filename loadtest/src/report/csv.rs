//! `requests.csv`: one line for each request, failed ones included.

use anyhow::Context;
use csv::Writer;
use results::document::{Burst, Document, Request, Run};

use super::format::Format;

/// The format.
pub(super) const FORMAT: Format =
    Format { name: "csv", file: "requests.csv", help: "One line for each request", render: text };

const COLUMNS: [&str; 23] = [
    "system",
    "manifest",
    "setup",
    "round",
    "burst",
    "endpoint",
    "url",
    "i",
    "connect_us",
    "planned_us",
    "sent_us",
    "first_byte_us",
    "done_us",
    "status",
    "error_kind",
    "error",
    "instance",
    "served",
    "entered_us",
    "left_us",
    "verdict",
    "mechanism",
    "mechanism_probability",
];

/// Returns a header and the lines. Times are in microseconds from the burst's start, as in `result.json`.
fn text(document: &Document) -> anyhow::Result<String> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for run in &document.runs {
        for (index, burst) in run.bursts.iter().enumerate() {
            for request in &burst.requests {
                writer.write_record(line(run, index, burst, request))?;
            }
        }
    }
    String::from_utf8(writer.into_inner()?).context("not UTF-8")
}

fn line(run: &Run, index: usize, burst: &Burst, request: &Request) -> [String; COLUMNS.len()] {
    let mechanism = burst.verdict.mechanism.as_ref();
    let kind = request.error_kind.and_then(|kind| serde_json::to_value(kind).ok());
    [
        literal(&run.system),
        literal(run.manifest.as_deref().unwrap_or_default()),
        literal(&run.setup),
        run.round.to_string(),
        index.to_string(),
        literal(&burst.endpoint),
        literal(&burst.url),
        request.i.to_string(),
        number(request.connect_us),
        number(request.planned_us),
        number(request.sent_us),
        number(request.first_byte_us),
        number(Some(request.done_us)),
        number(request.status),
        kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned(),
        literal(request.error.as_deref().unwrap_or_default()),
        literal(request.instance.as_deref().unwrap_or_default()),
        number(request.served),
        number(request.entered_us),
        number(request.left_us),
        burst.verdict.kind.to_string(),
        number(mechanism.map(|mechanism| mechanism.name)),
        number(mechanism.map(|mechanism| mechanism.probability)),
    ]
}

fn number(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

/// Marks text as literal, so that a spreadsheet doesn't evaluate a server's text as a formula.
fn literal(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use results::document::sample;

    use super::*;

    #[test]
    fn the_csv_of_a_fixed_result_is_unchanged() {
        insta::assert_snapshot!(text(&sample::document(vec![sample::together(), sample::rate()])).unwrap());
    }

    #[test]
    fn text_of_servers_is_no_formula_and_breaks_no_line() {
        let mut burst = sample::waves();
        burst.requests.truncate(1);
        burst.requests[0].error = Some("=cmd|'/c calc'!A1\n\",x".to_owned());
        let text = text(&sample::document(vec![burst])).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(lines.len(), 1);
        assert_eq!(&lines[0][15], "'=cmd|'/c calc'!A1\n\",x");
    }
}
