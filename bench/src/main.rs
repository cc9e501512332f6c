//! Measures the embedded host beside its peers: the same components, one run, taking turns.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod accuracy;
mod app;
mod cli;
mod client;
mod document;
mod goal;
mod hold;
mod judge;
mod lab;
mod load;
mod measurements;
mod native;
mod numbers;
mod programs;
mod results;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Command};
use crate::document::{Document, Section};
use crate::hold::Hold;
use crate::lab::{Lab, say};

const MISSED: u8 = 1;
const FAILED: u8 = 3;
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = tokio::select! {
        ended = run(Cli::parse()) => ended,
        // What `run` has started ends with it.
        () = interrupted() => return ExitCode::from(INTERRUPTED),
    };
    ended.unwrap_or_else(|error| {
        say(&format!("error: {error:#}"));
        ExitCode::from(FAILED)
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let (document, check) = match cli.command {
        Some(Command::Native { listen }) => {
            native::serve(listen).await?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Hold { listen, hold_ms, at_a_time }) => {
            Hold::new(Duration::from_millis(hold_ms), at_a_time).serve(listen).await?;
            return Ok(ExitCode::SUCCESS);
        }
        // Its figures don't depend on time.
        Some(Command::Judge { cases, seed, out, check }) => {
            let document = judge::measure(cases, seed);
            document.write(Some(&out))?;
            (document, check)
        }
        _ if cfg!(debug_assertions) => bail!("this build isn't optimised: cargo run --release -p bench"),
        Some(Command::Results { out }) => {
            let document = results::measure().await?;
            document.write(Some(&out))?;
            (document, false)
        }
        Some(Command::Accuracy { tries, out, check }) => {
            let document = accuracy::measure(tries).await?;
            document.write(Some(&out))?;
            (document, check)
        }
        None => {
            let document = benchmarks(&cli).await?;
            document.write(cli.out().as_deref())?;
            (document, cli.check)
        }
    };
    let missed = document.missed();
    for line in &missed {
        say(&format!("missed: {line}"));
    }
    Ok(if check && !missed.is_empty() { ExitCode::from(MISSED) } else { ExitCode::SUCCESS })
}

async fn benchmarks(cli: &Cli) -> Result<Document> {
    let lab = Lab::prepare(cli.rounds, cli.seconds).await?;
    let mut document =
        Document::begin(measurements::INTRODUCTION, &lab.programs.commit, &lab.programs.hosts());
    for measurement in cli.measurements() {
        let title = measurement.title();
        say(title);
        document.add(measurement.run(&lab).await.unwrap_or_else(|error| Section::failed(title, &error)));
    }
    document.leave_out(&lab.left_out.borrow());
    Ok(document)
}

/// Where signals can't be caught, they end this process as they would anyway.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
