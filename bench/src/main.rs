//! Measures the embedded host and its peers with the same components, in one run, in turns.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod accuracy;
mod app;
mod cli;
mod client;
mod console;
mod delay_server;
mod document;
mod goal;
mod judge;
mod load;
mod measurements;
mod native;
mod numbers;
mod paths;
mod programs;
mod results;
mod run_context;
mod server;
mod system;
mod turns;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cli, Command};
use crate::console::note;
use crate::delay_server::DelayServer;
use crate::document::{Document, Section};
use crate::run_context::RunContext;

const MISSED: u8 = 1;
const FAILED: u8 = 3;
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let result = tokio::select! {
        result = run(Cli::parse()) => result,
        // Dropping `run` ends its processes.
        () = interrupted() => return ExitCode::from(INTERRUPTED),
    };
    result.unwrap_or_else(|error| {
        note(&format!("error: {error:#}"));
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
            DelayServer::new(Duration::from_millis(hold_ms), at_a_time).serve(listen).await?;
            return Ok(ExitCode::SUCCESS);
        }
        // The only measurement that a build without optimisation may make: it has no times.
        Some(Command::Judge { cases, seed, out, check }) => {
            let document = judge::measure(cases, seed);
            document.write(Some(&out))?;
            (document, check)
        }
        _ if cfg!(debug_assertions) => {
            bail!("this build isn't optimised: cargo run --profile dist -p bench")
        }
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
        note(&format!("missed: {line}"));
    }
    Ok(if check && !missed.is_empty() { ExitCode::from(MISSED) } else { ExitCode::SUCCESS })
}

async fn benchmarks(cli: &Cli) -> Result<Document> {
    let context = RunContext::prepare(cli.rounds, cli.seconds).await?;
    let mut document =
        Document::begin(measurements::INTRODUCTION, &context.programs.commit, &context.programs.hosts());
    for measurement in cli.measurements() {
        let title = measurement.title();
        note(title);
        document.add(measurement.run(&context).await.unwrap_or_else(|error| Section::failed(title, &error)));
    }
    document.leave_out(&context.left_out.borrow());
    Ok(document)
}

/// Waits for a signal that ends the run. If signals can't be caught, they end the process by default.
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
