//! What a large burst takes of the generator's memory.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::time::sleep;

use super::HELD;
use super::generator::ALL;
use crate::app::held;
use crate::document::Section;
use crate::numbers::grouped;
use crate::programs::Programs;
use crate::server::{Server, System, status_kib};

pub const TITLE: &str = "Memory";

const REQUESTS: usize = 10_000;
/// The kernel keeps the highest value; only what grows between the last look and the end is missed.
const LOOKED_EVERY: Duration = Duration::from_millis(5);

pub async fn measure(programs: &Programs) -> Result<Section> {
    let text = format!(
        "The generator's resident memory at its highest, for {} requests at once, over a connection each.",
        grouped(REQUESTS as f64, 0)
    );
    let mut section = Section::new(TITLE, text, &["generator", "MiB"]);
    let server = Server::start(programs, System::Hold, &held(&["--hold-ms", "1000"])).await?;
    for generator in ALL {
        let Some(program) = generator.program(programs) else { continue };
        let args = generator.args(&server.url, REQUESTS, HELD);
        let mib = highest(Command::new(&program.path).args(args)).await? / 1024.0;
        section.row([generator.name().to_owned(), grouped(mib, 0)]);
    }
    server.stop().await;
    Ok(section)
}

/// In KiB, once the command has ended.
async fn highest(command: &mut Command) -> Result<f64> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = quiet.kill_on_drop(true).spawn()?;
    let id = i32::try_from(process.id().context("the process has ended")?)?;
    let mut highest = 0.0_f64;
    loop {
        tokio::select! {
            _ = process.wait() => return Ok(highest),
            () = sleep(LOOKED_EVERY) => highest = status_kib(id, "VmHWM:").unwrap_or(highest),
        }
    }
}
