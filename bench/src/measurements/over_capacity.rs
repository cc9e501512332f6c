//! More requests than the host's capacity: the excess waits.

use std::time::Duration;

use anyhow::Result;

use crate::app::{App, WAITING};
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::load::{burst, burst_command, failures};
use crate::numbers::Series;
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::System;

const REQUESTS: usize = 5_000;
const WAIT: Duration = Duration::from_secs(1);
const PATH: &str = "/e2/p1?wait_ms=1000";
const APP: App = App { flags: &["--max-instances", "1000"], ..WAITING };
/// Five times the service time, and a tenth for the rest, in seconds.
const MAKESPAN: Limit = Limit::AtMost(5.5);

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let (mut makespans, mut failed) = (Series::default(), 0);
    let text =
        "5,000 requests at once that each block for 1 s, at the embedded host with a capacity of 1,000.";
    let mut section = Section::new(title, text, &["measure", "value", "target"]);
    let server = Server::start(&context.programs, System::Embedded, &APP).await?;
    for round in 1..=context.few_rounds() {
        let burst = burst(context, &format!("{}{PATH}", server.url), REQUESTS, WAIT).await?;
        note(&format!("round {round}: {:.0} ms, {}", burst.makespan_ms, failures(&burst)));
        makespans.push(burst.makespan_ms / 1e3);
        failed += burst.failed;
    }
    section.command(&server.command);
    section.command(burst_command(PATH, REQUESTS, WAIT));
    server.stop().await;
    let target =
        section.goal(Goal::new("5,000 with a capacity of 1,000, makespan, s", MAKESPAN, makespans.median()));
    section.row(["makespan, s".to_owned(), makespans.spread(1.0, 2), target]);
    let target =
        section.goal(Goal::new("5,000 with a capacity of 1,000, failed", Limit::AtMost(0.0), failed as f64));
    section.row(["failed".to_owned(), failed.to_string(), target]);
    Ok(section)
}
