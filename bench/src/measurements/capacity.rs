//! More requests than the host has room for: the rest wait their turn.

use std::time::Duration;

use anyhow::Result;

use super::few_rounds;
use crate::app::{App, WAITING};
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::load::{burst, burst_command, failures};
use crate::numbers::Series;
use crate::server::{Server, System};

const REQUESTS: usize = 5_000;
const WAIT: Duration = Duration::from_secs(1);
const PATH: &str = "/e2/p1?wait_ms=1000";
const APP: App = App { flags: &["--max-instances", "1000"], ..WAITING };
/// Five turns of a thousand, and a tenth for all else. In seconds.
const MAKESPAN: Limit = Limit::AtMost(5.5);

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let (mut makespans, mut failed) = (Series::default(), 0);
    let text = "5,000 requests that each block for 1 s, against the embedded host with room for 1,000.";
    let mut section = Section::new(title, text, &["measure", "value", "target"]);
    let server = Server::start(&lab.programs, System::Ours, &APP).await?;
    for round in 1..=few_rounds(lab) {
        let fired = burst(lab, &format!("{}{PATH}", server.url), REQUESTS, WAIT).await?;
        say(&format!("round {round}: {:.0} ms, {}", fired.makespan_ms, failures(&fired)));
        makespans.push(fired.makespan_ms / 1e3);
        failed += fired.failed;
    }
    section.command(&server.command);
    section.command(burst_command(PATH, REQUESTS, WAIT));
    server.stop().await;
    let target =
        section.goal(Goal::new("5,000 with room for 1,000, makespan, s", MAKESPAN, makespans.median()));
    section.row(["makespan, s".to_owned(), makespans.spread(1.0, 2), target]);
    let target =
        section.goal(Goal::new("5,000 with room for 1,000, failed", Limit::AtMost(0.0), failed as f64));
    section.row(["failed".to_owned(), failed.to_string(), target]);
    Ok(section)
}
