//! More requests than `wasmtime serve` has room for: who refuses, who lets them wait.

use std::time::Duration;

use anyhow::Result;

use crate::app::WAITING;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::load::{burst, burst_command, failures};
use crate::server::{HOSTS, System};

const REQUESTS: usize = 400;
const WAIT: Duration = Duration::from_secs(1);
const PATH: &str = "/e2/p1?wait_ms=1000";

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let text = "400 requests that each block for 1 s, released together, each host as it is, without flags for \
                its capacity.";
    let mut section = Section::new(title, text, &["system", "answered", "refused", "makespan, s", "target"]);
    for server in lab.start_all(&HOSTS, &WAITING).await? {
        let fired = burst(lab, &format!("{}{PATH}", server.url), REQUESTS, WAIT).await?;
        let name = server.system.name();
        say(&format!("{name}: {} answered, {}", fired.ok, failures(&fired)));
        let target = match server.system {
            System::Ours => {
                section.goal(Goal::new("400 at once, refused", Limit::AtMost(0.0), fired.failed as f64))
            }
            _ => String::new(),
        };
        let makespan = format!("{:.2}", fired.makespan_ms / 1e3);
        section.row([name.to_owned(), fired.ok.to_string(), fired.failed.to_string(), makespan, target]);
        section.command(&server.command);
        server.stop().await;
    }
    section.command(burst_command(PATH, REQUESTS, WAIT));
    Ok(section)
}
