//! The time from the process's start to the line that says where it serves, with a warm compilation cache.

use anyhow::Result;

use crate::app::WAITING;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::numbers::Series;
use crate::run_context::RunContext;
use crate::system::{HOSTS, System};
use crate::turns::in_turn;

const TURNS: u32 = 20;
/// In seconds.
const READY: Limit = Limit::AtMost(0.08);

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let text = format!(
        "The time from the start of the guard, which starts the process, to the line that says where it serves. \
         {TURNS} turns, after one that fills the compilation caches."
    );
    let mut section = Section::new(title, text, &["system", "serves", "ready after, ms", "target"]);
    let mut series: Vec<(System, Series)> = HOSTS
        .into_iter()
        .filter(|&system| context.programs.of(system).is_some())
        .map(|system| (system, Series::default()))
        .collect();
    for turn in 0..=TURNS {
        for (system, times) in in_turn(&mut series, turn) {
            for server in context.start_all(&[*system], &WAITING).await? {
                if turn > 0 {
                    times.push(server.ready_after.as_secs_f64());
                }
                section.command(&server.command);
                server.stop().await;
            }
        }
    }
    for (system, times) in &series {
        let (serves, target) = match system {
            System::Embedded => {
                ("7 components", section.goal(Goal::new("cold start, s", READY, times.median())))
            }
            System::Wasmtime => ("1 component", String::new()),
            _ => ("7 components", String::new()),
        };
        note(&format!("{}: {} ms", system.name(), times.spread(1e3, 1)));
        section.row([system.name().to_owned(), serves.to_owned(), times.spread(1e3, 0), target]);
    }
    Ok(section)
}
