//! Awaiting requests beside requests that burn CPU, in shared instances: setup 8 at a time scale of 0.1.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::app::{App, SHARING};
use crate::client::Client;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::numbers::Series;
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::System;
use crate::turns::in_turn;

const CPU_REQUESTS: usize = 8;
const CPU_PATH: &str = "/e2/p5?wait_ms=100";
const AWAITING_REQUESTS: usize = 10;
const AWAITING_PATH: &str = "/e2/p3?wait_ms=100";

const NOT_PREEMPTED: App = App { flags: &["--time-slice", "0"], ..SHARING };

/// The median latency of the awaiting requests of a turn, in milliseconds.
const LATENCY: Limit = Limit::AtMost(115.0);
/// The ratio to the same host with guests that don't yield.
const MAKESPAN: Limit = Limit::AtMost(1.05);

struct Subject {
    name: &'static str,
    server: Server,
    /// The median latency of the awaiting requests of each turn, in seconds.
    latencies: Series,
    /// The time until the last of the CPU requests is answered, in seconds.
    makespans: Series,
    failed: usize,
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let mut subjects = Vec::new();
    for (name, app) in [("embedded host", &SHARING), ("embedded host, guests don't yield", &NOT_PREEMPTED)] {
        let server = Server::start(&context.programs, System::Embedded, app).await?;
        let (latencies, makespans) = Default::default();
        subjects.push(Subject { name, server, latencies, makespans, failed: 0 });
    }
    for round in 1..=context.rounds {
        for subject in in_turn(&mut subjects, round) {
            subject.take_turn().await?;
            let (name, latencies) = (subject.name, subject.latencies.spread(1e3, 0));
            note(&format!("round {round} of {}: {name}: {latencies} ms", context.rounds));
        }
    }
    let section = section(title, &subjects);
    for subject in subjects {
        subject.server.stop().await;
    }
    Ok(section)
}

impl Subject {
    /// Sends all requests at once, each on a connection of its own.
    async fn take_turn(&mut self) -> Result<()> {
        let mut clients = Vec::new();
        for at in 0..CPU_REQUESTS + AWAITING_REQUESTS {
            let path = if at < CPU_REQUESTS { CPU_PATH } else { AWAITING_PATH };
            clients.push((Client::connect(&self.server.url).await?, path));
        }
        let began = Instant::now();
        let mut requests: JoinSet<_> = clients
            .into_iter()
            .map(|(mut client, path)| async move { (path, client.get(path).await.map(|_| began.elapsed())) })
            .collect();
        let (mut awaiting, mut makespan) = (Series::default(), Duration::ZERO);
        while let Some(request) = requests.join_next().await {
            match request? {
                (CPU_PATH, Ok(latency)) => makespan = makespan.max(latency),
                (_, Ok(latency)) => awaiting.push(latency.as_secs_f64()),
                (_, Err(_)) => self.failed += 1,
            }
        }
        self.latencies.push(awaiting.median());
        self.makespans.push(makespan.as_secs_f64());
        Ok(())
    }
}

fn section(title: &str, subjects: &[Subject]) -> Section {
    let text = format!(
        "This program sends {CPU_REQUESTS} requests at once that each use about 100 ms of CPU, and {AWAITING_REQUESTS} that await \
         100 ms, to WASIp3 components with shared instances: setup 8 of the experiment, ten times as fast. The latency is the \
         median of the awaiting requests of a turn."
    );
    let columns = ["system", "latency, ms", "target", "CPU burst's makespan, s", "ratio", "target", "failed"];
    let mut section = Section::new(title, text, &columns);
    let [subject, baseline] = subjects else { return section };
    let latency = section.goal(Goal::new(
        "awaiting requests during CPU load, median latency, ms",
        LATENCY,
        subject.latencies.median() * 1e3,
    ));
    let ratio = subject.makespans.over(&baseline.makespans);
    let what = "0.8 s of CPU beside awaiting requests, makespan, ratio to guests that don't yield";
    let makespan = section.goal(Goal::new(what, MAKESPAN, ratio.median));
    let targets = [(latency, ratio.to_string(), makespan), Default::default()];
    for (subject, (latency, ratio, makespan)) in subjects.iter().zip(targets) {
        section.row([
            subject.name.to_owned(),
            subject.latencies.spread(1e3, 0),
            latency,
            subject.makespans.spread(1.0, 2),
            ratio,
            makespan,
            subject.failed.to_string(),
        ]);
        section.command(&subject.server.command);
    }
    section
}
