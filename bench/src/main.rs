//! Measures the embedded host beside its peers: the same components, one run, taking turns.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod app;
mod cli;
mod client;
mod document;
mod goal;
mod lab;
mod load;
mod measurements;
mod native;
mod numbers;
mod programs;
mod server;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Command};
use crate::document::{Document, Section};
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
    if let Some(Command::Native { listen }) = cli.command {
        native::serve(listen).await?;
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::ensure!(!cfg!(debug_assertions), "this build isn't optimised: cargo run --release -p bench");
    let lab = Lab::prepare(cli.rounds, cli.seconds).await?;
    let mut document = Document::begin(&lab.programs);
    for measurement in cli.measurements() {
        let title = measurement.title();
        say(title);
        document.add(measurement.run(&lab).await.unwrap_or_else(|error| Section::failed(title, &error)));
    }
    document.leave_out(&lab.left_out.borrow());
    match cli.out() {
        Some(file) => {
            fs::write(&file, document.to_string()).with_context(|| format!("writing {}", file.display()))?;
            say(&format!("wrote {}", file.display()));
        }
        None => print!("{document}"),
    }
    let missed = document.missed();
    for line in &missed {
        say(&format!("missed: {line}"));
    }
    Ok(if cli.check && !missed.is_empty() { ExitCode::from(MISSED) } else { ExitCode::SUCCESS })
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
