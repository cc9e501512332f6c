//! The generator's memory for a large burst.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::time::sleep;

use super::generator::{ALL, DELAY};
use crate::app::delay_server;
use crate::document::Section;
use crate::numbers::grouped;
use crate::programs::Programs;
use crate::server::{Server, status_kib};
use crate::system::System;

pub const TITLE: &str = "Memory";

const REQUESTS: usize = 10_000;
/// The kernel keeps the peak, so only growth between the last sample and the end is missed.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(5);

pub async fn measure(programs: &Programs) -> Result<Section> {
    let text = format!(
        "The generator's peak resident memory for {} requests at once, over as many connections.",
        grouped(REQUESTS as f64, 0)
    );
    let mut section = Section::new(TITLE, text, &["generator", "MiB"]);
    let server = Server::start(programs, System::Delay, &delay_server(&["--hold-ms", "1000"])).await?;
    for generator in ALL {
        let Some(program) = generator.program(programs) else { continue };
        let args = generator.args(&server.url, REQUESTS, DELAY);
        let mib = peak_kib(Command::new(&program.path).args(args)).await? / 1024.0;
        section.row([generator.name().to_owned(), grouped(mib, 0)]);
    }
    server.stop().await;
    Ok(section)
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
