//! Ten thousand requests at once, each in its own instance.

use std::time::Duration;

use anyhow::Result;
use results::document::Burst;
use tokio::time::interval;

use crate::app::{App, WAITING};
use crate::client::Client;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::load::{burst, burst_command, failures};
use crate::numbers::{Series, grouped};
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::System;
use crate::turns::in_turn;

const REQUESTS: usize = 10_000;
const WAIT: Duration = Duration::from_secs(2);
const PATH: &str = "/e2/p1?wait_ms=2000";
/// The ratio to one wait.
const MAKESPAN: Limit = Limit::AtMost(1.25);
/// The same application, with slots that were used before.
const WARM: App = App { flags: &["--warm", "10000"], ..WAITING };
const WARM_MAKESPAN: Limit = Limit::AtMost(1.2);
/// For each instance, in KiB.
const RESIDENT: Limit = Limit::AtMost(96.0);

const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

/// The turns at the host, with or without warm slots.
#[derive(Default)]
struct Turns {
    /// In waits.
    makespans: Series,
    /// In KiB for each instance.
    resident: Series,
    anonymous: Series,
    failed: usize,
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let text = format!(
        "{} requests at once that each block for {} s, at the embedded host, which is restarted for each turn. The \
         memory is the growth of the server's memory up to its peak, divided by the number of requests; it includes the \
         connections. `VmRSS` counts a shared page once for each instance that maps it. `RssAnon` has private pages only. \
         With `--warm`, the burst begins when the slots of all instances are ready; their memory is there before.",
        grouped(REQUESTS as f64, 0),
        WAIT.as_secs()
    );
    let mut section = Section::new(title, text, &["measure", "value", "target"]);
    let (mut cold, mut warm) = (Turns::default(), Turns::default());
    for round in 1..=context.few_rounds() {
        for (app, turns) in in_turn(&mut [(&WAITING, &mut cold), (&WARM, &mut warm)], round) {
            let mut server = Server::start(&context.programs, System::Embedded, app).await?;
            if !app.flags.is_empty() {
                server.logged("instances are warm").await?;
            }
            turns.take(context, &server).await?;
            let (makespan, failed) = (turns.makespans.spread(1.0, 2), turns.failed);
            note(&format!("round {round}: {}: {makespan} waits, {failed} failed", server.command));
            section.command(&server.command);
            server.stop().await;
        }
    }
    section.command(burst_command(PATH, REQUESTS, WAIT));
    let makespan = |turns: &Turns| (turns.makespans.spread(1.0, 2), turns.makespans.median());
    let ((cold_makespan, cold_median), (warm_makespan, warm_median)) = (makespan(&cold), makespan(&warm));
    let failed = cold.failed + warm.failed;
    let memory = cold.resident.median();
    let rows = [
        ("makespan, ratio to one wait", cold_makespan, Some((MAKESPAN, cold_median))),
        ("the same with warm slots", warm_makespan, Some((WARM_MAKESPAN, warm_median))),
        ("memory of an instance (VmRSS), KiB", cold.resident.spread(1.0, 0), Some((RESIDENT, memory))),
        ("private memory of an instance (RssAnon), KiB", cold.anonymous.spread(1.0, 0), None),
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

impl Turns {
    async fn take(&mut self, context: &RunContext, server: &Server) -> Result<()> {
        let (burst, [resident, anonymous]) = fire(context, server).await?;
        if burst.failed > 0 {
            note(&failures(&burst));
        }
        self.makespans.push(burst.makespan_ms / 1e3 / WAIT.as_secs_f64());
        self.resident.push(resident);
        self.anonymous.push(anonymous);
        self.failed += burst.failed;
        Ok(())
    }
}

/// Fires the burst. Returns it with the growth of the server's VmRSS and RssAnon, in KiB for each request.
async fn fire(context: &RunContext, server: &Server) -> Result<(Burst, [f64; 2])> {
    Client::connect(&server.url).await?.get("/e2/p1?wait_ms=0").await?;
    let sample = || Ok::<_, anyhow::Error>([server.memory_kib("VmRSS:")?, server.memory_kib("RssAnon:")?]);
    let before = sample()?;
    let url = format!("{}{PATH}", server.url);
    let mut firing = std::pin::pin!(burst(context, &url, REQUESTS, WAIT));
    let mut samples = interval(SAMPLE_INTERVAL);
    let mut peak = before;
    loop {
        tokio::select! {
            burst = &mut firing => {
                let grown = |kind: usize| (peak[kind] - before[kind]) / REQUESTS as f64;
                return Ok((burst?, [grown(0), grown(1)]));
            }
            _ = samples.tick() => {
                let now = sample()?;
                peak = [peak[0].max(now[0]), peak[1].max(now[1])];
            }
        }
    }
}
