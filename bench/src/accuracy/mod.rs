//! The load generator measured itself, a file each, at a server whose truth is known.

mod generator;
mod memory;
mod skew;
mod truth;

use std::time::Duration;

use anyhow::Result;

use crate::document::{Document, Section};
use crate::programs::Programs;

const INTRODUCTION: &str = "\
# Accuracy

The load generator at servers whose truth is known, beside hey and oha: all on one machine, in one
run, taking turns; generator and server share its processors. A value is the median of its turns,
with the lowest and the highest; a ratio is the median of those within a round, with
the least and the greatest.

Written by `cargo run --release -p bench -- accuracy`, never by hand; `scripts/peers.sh hey oha`
installs the peers. How often the judge is right over thousands of generated bursts is in
[judge.md](judge.md).
";

/// What the server holds a request for, where many are sent at once.
const HELD: Duration = Duration::from_secs(1);

/// All of it; `tries` for each truth.
pub async fn measure(tries: u32) -> Result<Document> {
    let programs = Programs::find().await?;
    let mut document = Document::begin(INTRODUCTION, &programs.commit, &programs.generators());
    for (title, measured) in [
        (skew::TITLE, skew::measure(&programs).await),
        (memory::TITLE, memory::measure(&programs).await),
        (truth::TITLE, truth::measure(&programs, tries).await),
    ] {
        document.add(measured.unwrap_or_else(|error| Section::failed(title, &error)));
    }
    Ok(document)
}
