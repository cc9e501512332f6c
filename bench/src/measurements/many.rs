//! Ten thousand requests at once, each waiting in an instance of its own.

use std::time::Duration;

use anyhow::Result;
use results::document::Burst;
use tokio::time::interval;

use super::few_rounds;
use crate::app::WAITING;
use crate::client::Client;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::load::{burst, burst_command, failures};
use crate::numbers::{Series, grouped};
use crate::server::{Server, System};

const REQUESTS: usize = 10_000;
const WAIT: Duration = Duration::from_secs(2);
const PATH: &str = "/e2/p1?wait_ms=2000";
/// Times one wait.
const MAKESPAN: Limit = Limit::AtMost(1.25);
/// An instance, in KiB.
const RESIDENT: Limit = Limit::AtMost(96.0);

const SAMPLED_EVERY: Duration = Duration::from_millis(20);

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let mut makespans = Series::default();
    let (mut resident, mut anonymous, mut failed) = (Series::default(), Series::default(), 0);
    let text = format!(
        "{} requests that each block for {} s, released together against the embedded host, freshly started for each \
         turn. Memory is the server's at its highest less that before, by request: what connections take is in it. \
         Resident is `VmRSS`, which counts a page once for each instance that maps it; what no two share is `RssAnon`.",
        grouped(REQUESTS as f64, 0),
        WAIT.as_secs()
    );
    let mut section = Section::new(title, text, &["measure", "value", "target"]);
    for round in 1..=few_rounds(lab) {
        let server = Server::start(&lab.programs, System::Ours, &WAITING).await?;
        let (fired, [all, own]) = fire(lab, &server).await?;
        say(&format!("round {round}: {:.0} ms, {}, {all:.0} KiB", fired.makespan_ms, failures(&fired)));
        makespans.push(fired.makespan_ms / 1e3 / WAIT.as_secs_f64());
        resident.push(all);
        anonymous.push(own);
        failed += fired.failed;
        section.command(&server.command);
        server.stop().await;
    }
    section.command(burst_command(PATH, REQUESTS, WAIT));
    let rows = [
        ("makespan, times one wait", makespans.spread(1.0, 2), Some((MAKESPAN, makespans.median()))),
        ("resident memory an instance, KiB", resident.spread(1.0, 0), Some((RESIDENT, resident.median()))),
        ("of it shared with no other, KiB", anonymous.spread(1.0, 0), None),
        ("failed", failed.to_string(), Some((Limit::AtMost(0.0), failed as f64))),
    ];
    for (what, value, goal) in rows {
        let target = goal.map(|(limit, measured)| {
            section.goal(Goal::new(format!("10,000 at once, {what}"), limit, measured))
        });
        section.row([what.to_owned(), value, target.unwrap_or_default()]);
    }
    Ok(section)
}

/// The burst, and by how much the server's memory of both kinds grew, in KiB a request.
async fn fire(lab: &Lab, server: &Server) -> Result<(Burst, [f64; 2])> {
    Client::connect(&server.url).await?.get("/e2/p1?wait_ms=0").await?;
    let look = || Ok::<_, anyhow::Error>([server.memory_kib("VmRSS:")?, server.memory_kib("RssAnon:")?]);
    let before = look()?;
    let url = format!("{}{PATH}", server.url);
    let mut fired = std::pin::pin!(burst(lab, &url, REQUESTS, WAIT));
    let mut samples = interval(SAMPLED_EVERY);
    let mut highest = before;
    loop {
        tokio::select! {
            fired = &mut fired => {
                let grown = |kind: usize| (highest[kind] - before[kind]) / REQUESTS as f64;
                return Ok((fired?, [grown(0), grown(1)]));
            }
            _ = samples.tick() => {
                let now = look()?;
                highest = [highest[0].max(now[0]), highest[1].max(now[1])];
            }
        }
    }
}
