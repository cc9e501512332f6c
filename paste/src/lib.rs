//! Judges the results of load generators for a web page. The page is `page/index.html`.

use std::io::Cursor;
use std::sync::Arc;

use judge::schedule::DEFAULT_KEEP;
use results::chart::svg::Figure;
use results::document::{self, Document, Machine};
use results::import::{self, Options, Source};
use results::input::Input;
use results::sentences;

#[allow(clippy::too_many_arguments)] // a function of generated code
mod bindings {
    wit_bindgen::generate!({ world: "paste" });
}

use bindings::{Burst, Guest, Known, Report};

/// The most bars of a timeline. More bars would be too thin to distinguish.
const MAX_BARS: usize = 120;
/// The name of the pasted text in messages.
const NAME: &str = "the text";

struct Paste;

bindings::export!(Paste with_types_in bindings);

impl Guest for Paste {
    fn analyze(content: Vec<u8>, known: Known) -> Result<Report, String> {
        let document = judged(content, &known).map_err(|error| format!("{error:#}"))?;
        let bursts = document.bursts().map(burst).collect();
        let json = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
        Ok(Report { bursts, source: sentences::generator(&document), json: json + "\n" })
    }
}

fn judged(content: Vec<u8>, known: &Known) -> anyhow::Result<Document> {
    let input = Input::new(Box::new(Cursor::new(content)))?;
    let count = |value: Option<u32>| value.map(|value| value as usize);
    let options = Options {
        service_ms: known.service_ms.clone(),
        n: count(known.n),
        c: count(known.c),
        good: Arc::from([200..=299]),
        max_rows: DEFAULT_KEEP,
    };
    // A component has no machine to describe, and no command line.
    let tool = concat!("loadtest ", env!("CARGO_PKG_VERSION")).to_owned();
    let empty = Document::new(tool, Machine::unknown(), known.now.clone(), String::new());
    let source = Source { name: NAME.to_owned(), input, path: None };
    import::document(vec![source], &options, empty)
}

fn burst(burst: &document::Burst) -> Burst {
    let figure = Figure::new(burst, MAX_BARS);
    Burst {
        name: burst.url.clone(),
        kind: burst.verdict.kind.to_string(),
        headline: burst.verdict.headline() + &burst.verdict.confidence_note(),
        sentences: sentences::burst(burst),
        is_inferred: figure.inferred.is_some(),
        timeline: if figure.bars.is_empty() { String::new() } else { figure.to_svg() },
        ticks: figure.ticks,
    }
}
