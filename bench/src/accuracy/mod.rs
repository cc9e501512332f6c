//! Measurements of the load generator, at a server with a known capacity.

mod closed_loop;
mod generator;
mod known_capacity;
mod memory;
mod skew;

use anyhow::Result;

use crate::document::{Document, Section};
use crate::programs::Programs;

const INTRODUCTION: &str = "\
# Accuracy

The load generators of `loadtest`, hey, oha and wrk at servers with a known capacity. All are measured on
one machine, in one run, in turns. Generator and server share its processors. A value is the median of
its turns, with the lowest and the highest. A ratio is the median of the ratios within a round, with the
lowest and the highest.

`cargo run --profile dist -p bench -- accuracy` writes this page; don't edit it by hand.
`scripts/peers.sh hey oha wrk` installs the peers. [judge.md](judge.md) measures the judge with thousands of
simulated bursts.
";

/// Makes all measurements, with `tries` bursts and capacity searches at each server.
pub async fn measure(tries: u32) -> Result<Document> {
    let programs = Programs::find().await?;
    let mut document = Document::begin(INTRODUCTION, &programs.commit, &programs.generators());
    for (title, measured) in [
        (skew::TITLE, skew::measure(&programs).await),
        (memory::TITLE, memory::measure(&programs).await),
        (closed_loop::TITLE, closed_loop::measure(&programs).await),
        (known_capacity::TITLE, known_capacity::measure(&programs, tries).await),
    ] {
        document.add(measured.unwrap_or_else(|error| Section::failed(title, &error)));
    }
    Ok(document)
}
