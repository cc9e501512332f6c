//! Trivial requests during CPU load: whether they wait for the requests that burn CPU.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::app::{App, BURNING};
use crate::client::Client;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::numbers::Series;
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::{HOSTS, System};
use crate::turns::in_turn;

const CPU_REQUESTS: usize = 16;
const CPU_PATH: &str = "/e2/p5?wait_ms=1000";
const TRIVIAL_PATH: &str = "/e2/p5?wait_ms=0";
/// Short enough for percentiles, and long enough that at most about 300 requests wait, which every host can hold.
const PROBE_INTERVAL: Duration = Duration::from_millis(50);

const NOT_PREEMPTED: &str = "embedded host, guests don't yield";
const NOT_PREEMPTED_APP: App = App { flags: &["--time-slice", "0"], ..BURNING };

/// The 99th percentile of the trivial requests, in milliseconds.
const PROBE_P99: Limit = Limit::Below(50.0);
/// The ratio to the same host with guests that don't yield.
const MAKESPAN: Limit = Limit::AtMost(1.05);

struct Subject {
    name: &'static str,
    server: Server,
    /// The latencies of the trivial requests of all rounds, in seconds.
    probes: Series,
    /// In seconds.
    makespans: Series,
    failed: usize,
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let mut subjects: Vec<Subject> = context
        .start_all(&HOSTS, &BURNING)
        .await?
        .into_iter()
        .map(|server| Subject::new(server.system.name(), server))
        .collect();
    subjects.push(Subject::new(
        NOT_PREEMPTED,
        Server::start(&context.programs, System::Embedded, &NOT_PREEMPTED_APP).await?,
    ));
    for round in 1..=context.few_rounds() {
        for subject in in_turn(&mut subjects, round) {
            subject.take_turn().await?;
            let name = subject.name;
            note(&format!("round {round}: {name}: {} s", subject.makespans.spread(1.0, 2)));
        }
    }
    let section = section(title, &subjects);
    for subject in subjects {
        subject.server.stop().await;
    }
    Ok(section)
}

impl Subject {
    fn new(name: &'static str, server: Server) -> Self {
        Self { name, server, probes: Series::default(), makespans: Series::default(), failed: 0 }
    }

    /// Fires the burst, and until its end a trivial request on a new connection at each planned time, whether or not
    /// earlier ones were answered (an open loop).
    async fn take_turn(&mut self) -> Result<()> {
        let url = &self.server.url;
        Client::connect(url).await?.get(TRIVIAL_PATH).await?;
        let mut clients = Vec::new();
        for _ in 0..CPU_REQUESTS {
            clients.push(Client::connect(url).await?);
        }
        let began = Instant::now();
        let mut burst: JoinSet<_> =
            clients.into_iter().map(|mut client| async move { client.get(CPU_PATH).await }).collect();
        let mut probes = JoinSet::new();
        let mut due = interval_at(tokio::time::Instant::now() + PROBE_INTERVAL, PROBE_INTERVAL);
        due.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                joined = burst.join_next() => match joined {
                    Some(answered) => self.failed += usize::from(answered?.is_err()),
                    None => break,
                },
                planned = due.tick() => {
                    probes.spawn(probe(url.clone(), planned.into_std()));
                }
            }
        }
        self.makespans.push(began.elapsed().as_secs_f64());
        for latency in probes.join_all().await {
            match latency {
                Ok(latency) => self.probes.push(latency.as_secs_f64()),
                Err(_) => self.failed += 1,
            }
        }
        Ok(())
    }
}

/// Sends a trivial request. Its latency counts from the planned time, so that a late send is part of it.
async fn probe(url: String, planned: Instant) -> Result<Duration> {
    Client::connect(&url).await?.get(TRIVIAL_PATH).await?;
    Ok(planned.elapsed())
}

fn section(title: &str, subjects: &[Subject]) -> Section {
    let text = format!(
        "This program sends {CPU_REQUESTS} requests at once that each use about 1 s of CPU, and every {} ms a trivial \
         request on a new connection. The latency of a trivial request counts from its planned time.",
        PROBE_INTERVAL.as_millis()
    );
    let columns = [
        "system",
        "p50, ms",
        "p99, ms",
        "max, ms",
        "target",
        "burst's makespan, s",
        "ratio",
        "target",
        "failed",
    ];
    let mut section = Section::new(title, text, &columns);
    let baseline = subjects.iter().find(|subject| subject.name == NOT_PREEMPTED);
    for subject in subjects {
        let is_embedded = subject.name == System::Embedded.name();
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| subject.probes.percentile(share) * 1e3);
        let ratio = baseline.filter(|baseline| baseline.name != subject.name);
        let ratio = ratio.map(|baseline| subject.makespans.over(&baseline.makespans));
        let p99_target = is_embedded
            .then(|| section.goal(Goal::new("during CPU load, p99 of trivial requests, ms", PROBE_P99, p99)));
        let makespan_target = ratio.filter(|_| is_embedded).map(|ratio| {
            let what = "16 s of CPU, makespan, ratio to guests that don't yield";
            section.goal(Goal::new(what, MAKESPAN, ratio.median))
        });
        section.row([
            subject.name.to_owned(),
            format!("{p50:.1}"),
            format!("{p99:.1}"),
            format!("{max:.1}"),
            p99_target.unwrap_or_default(),
            subject.makespans.spread(1.0, 2),
            ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
            makespan_target.unwrap_or_default(),
            subject.failed.to_string(),
        ]);
        section.command(&subject.server.command);
    }
    section
}
