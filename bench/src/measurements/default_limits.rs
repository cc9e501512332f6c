//! More requests than the default limit of `wasmtime serve`: which hosts refuse some.

use std::time::Duration;

use anyhow::Result;

use crate::app::WAITING;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::load::{burst, burst_command, failures};
use crate::run_context::RunContext;
use crate::system::{HOSTS, System};

const REQUESTS: usize = 400;
const WAIT: Duration = Duration::from_secs(1);
const PATH: &str = "/e2/p1?wait_ms=1000";

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let text = "400 requests at once that each block for 1 s. No host has a flag that changes its capacity.";
    let mut section = Section::new(title, text, &["system", "answered", "refused", "makespan, s", "target"]);
    for server in context.start_all(&HOSTS, &WAITING).await? {
        let burst = burst(context, &format!("{}{PATH}", server.url), REQUESTS, WAIT).await?;
        let name = server.system.name();
        note(&format!("{name}: {} answered, {}", burst.ok, failures(&burst)));
        let target = match server.system {
            System::Embedded => {
                section.goal(Goal::new("400 at once, refused", Limit::AtMost(0.0), burst.failed as f64))
            }
            _ => String::new(),
        };
        let makespan = format!("{:.2}", burst.makespan_ms / 1e3);
        section.row([name.to_owned(), burst.ok.to_string(), burst.failed.to_string(), makespan, target]);
        section.command(&server.command);
        server.stop().await;
    }
    section.command(burst_command(PATH, REQUESTS, WAIT));
    Ok(section)
}
