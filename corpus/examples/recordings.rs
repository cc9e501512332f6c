//! Judges the recordings of `judge/corpus`, and reports how often the verdicts are right, by server.
//!
//! `cargo run --release -p corpus --example recordings -- development|held-out [SERVER]`

use std::env;

use anyhow::{Result, bail};
use judge::verdict::judge;
use simulator::evaluation::Evaluation;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let held_out = match arguments.first().map(String::as_str) {
        Some("development") => false,
        Some("held-out") => true,
        _ => bail!("usage: recordings development|held-out [SERVER]"),
    };
    let server = arguments.get(1);
    let mut evaluation = Evaluation::default();
    for entry in corpus::load(&corpus::folder())? {
        let truth = &entry.truth;
        let is_wanted = server.is_none_or(|server| truth.server.contains(server.as_str()));
        if truth.held_out == held_out && is_wanted {
            let verdict = judge(&entry.trace);
            evaluation.add(&truth.server, &entry.name, truth.n, &entry.expected(&verdict), &verdict);
        }
    }
    print!("{}", evaluation.report());
    Ok(())
}
