use judge::verdict::Kind;
use results::document::{Burst, Document, sample};

use super::*;

fn documents() -> [Document; 2] {
    let mut before = sample::document(vec![sample::together(), sample::waves()]);
    let mut after = before.clone();
    after.runs[0].bursts[1].verdict.kind = Kind::Sequential;
    after.runs[0].bursts[1].makespan_ms = 10_000.0;
    before.runs[0].bursts.push(sample::pool());
    after.runs[0].bursts.push(Burst { endpoint: "pool".to_owned(), n: 10, c: 10, ..sample::rate() });
    after.runs[0].title = "<script>".to_owned();
    [before, after]
}

fn rendered(format: Format, width: Option<u16>) -> String {
    let [before, after] = &documents();
    text(&Comparison::new(before, after, 0.05), ["a|<b>.json", "after.json"], 0.05, format, width).unwrap()
}

#[test]
fn every_format_is_unchanged() {
    insta::assert_snapshot!("terminal_80", rendered(terminal::FORMAT, Some(80)));
    insta::assert_snapshot!("terminal_wide", rendered(terminal::FORMAT, Some(160)));
    insta::assert_snapshot!("markdown", rendered(markdown::FORMAT, None));
    insta::assert_snapshot!("html", rendered(html::FORMAT, None));
}

#[test]
fn names_are_escaped_in_every_format() {
    let [before, mut after] = documents();
    for document in [&before.clone(), &after.clone()] {
        assert_eq!(document.runs.len(), 1);
    }
    let mut before = before;
    for document in [&mut before, &mut after] {
        document.runs[0].system = "<img src=x>|\n`".to_owned();
    }
    let comparison = Comparison::new(&before, &after, 0.05);
    for format in [markdown::FORMAT, html::FORMAT] {
        let text = text(&comparison, ["a", "b"], 0.05, format, None).unwrap();
        assert!(!text.contains("<img"), "{text}");
    }
}
