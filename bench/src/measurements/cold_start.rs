//! From the process's start to its saying that it serves, with a warm compilation cache.

use anyhow::Result;

use crate::app::WAITING;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::numbers::Series;
use crate::server::{HOSTS, System};

const TURNS: u32 = 20;
/// In seconds.
const READY: Limit = Limit::AtMost(0.08);

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let text = format!(
        "From the start of the process, and of the guard that ends it, to the line that says where it serves: \
         {TURNS} turns, after one that warms the compilation caches."
    );
    let mut section = Section::new(title, text, &["system", "serves", "ready after, ms", "target"]);
    let mut lanes: Vec<(System, Series)> = HOSTS
        .into_iter()
        .filter(|&system| lab.programs.of(system).is_some())
        .map(|system| (system, Series::default()))
        .collect();
    for turn in 0..=TURNS {
        for (system, times) in &mut lanes {
            for server in lab.start_all(&[*system], &WAITING).await? {
                if turn > 0 {
                    times.push(server.ready_after.as_secs_f64());
                }
                section.command(&server.command);
                server.stop().await;
            }
        }
    }
    for (system, times) in &lanes {
        let (serves, target) = match system {
            System::Ours => ("7 components", section.goal(Goal::new("cold start, s", READY, times.median()))),
            System::Wasmtime => ("1 component", String::new()),
            _ => ("7 components", String::new()),
        };
        say(&format!("{}: {} ms", system.name(), times.spread(1e3, 1)));
        section.row([system.name().to_owned(), serves.to_owned(), times.spread(1e3, 0), target]);
    }
    Ok(section)
}
