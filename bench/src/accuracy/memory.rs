//! The generator's memory for a large burst.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::time::sleep;

use super::generator::{ALL, DELAY, Generator};
use crate::app::delay_server;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::numbers::{Series, grouped};
use crate::programs::Programs;
use crate::server::{Server, status_kib};
use crate::system::System;
use crate::turns::in_turn;

pub const TITLE: &str = "Memory";

const ROUNDS: u32 = 3;
const REQUESTS: usize = 10_000;
/// The target, in MiB.
const MOST_MIB: f64 = 190.0;
/// The kernel keeps the peak, so only growth between the last sample and the end is missed.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(5);

pub async fn measure(programs: &Programs) -> Result<Section> {
    let text = format!(
        "The generator's peak resident memory for {} requests at once, over as many connections. The server delays each \
         answer by {} s.",
        grouped(REQUESTS as f64, 0),
        DELAY.as_secs()
    );
    let mut section = Section::new(TITLE, text, &["generator", "MiB", "ratio to oha"]);
    let server = Server::start(programs, System::Delay, &delay_server(&["--hold-ms", "1000"])).await?;
    let installed = ALL.into_iter().filter_map(|one| Some((one, one.program(programs)?, Series::default())));
    let mut all: Vec<_> = installed.collect();
    for round in 1..=ROUNDS {
        for (generator, program, mib) in in_turn(&mut all, round) {
            let args = generator.args(&server.url, REQUESTS, DELAY);
            mib.push(peak_kib(Command::new(&program.path).args(args)).await? / 1024.0);
            note(&format!("round {round} of {ROUNDS}: memory of {}", generator.name()));
        }
    }
    server.stop().await;
    let of = |wanted| all.iter().find(|(one, ..)| *one == wanted).map(|(.., mib)| mib);
    for (generator, _, mib) in &all {
        let oha = of(Generator::Oha).filter(|_| *generator != Generator::Oha);
        let ratio = oha.map(|oha| mib.over(oha).to_string()).unwrap_or_default();
        section.row([generator.name().to_owned(), mib.spread(1.0, 0), ratio]);
    }
    section.targets(goals(of(Generator::Loadtest), of(Generator::Oha)));
    Ok(section)
}

fn goals(ours: Option<&Series>, oha: Option<&Series>) -> Vec<Goal> {
    let most = ours.map(|ours| Goal::new("memory in MiB", Limit::AtMost(MOST_MIB), ours.median()));
    let ratio = ours
        .zip(oha)
        .map(|(ours, oha)| Goal::new("memory, ratio to oha", Limit::Below(1.0), ours.over(oha).median));
    most.into_iter().chain(ratio).collect()
}

/// Runs the command to its end, and returns its peak resident memory in KiB.
async fn peak_kib(command: &mut Command) -> Result<f64> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.kill_on_drop(true).spawn()?;
    let id = i32::try_from(process.id().context("the process has ended")?)?;
    let mut peak = 0.0_f64;
    loop {
        tokio::select! {
            _ = process.wait() => return Ok(peak),
            () = sleep(SAMPLE_INTERVAL) => peak = status_kib(id, "VmHWM:").unwrap_or(peak),
        }
    }
}
