//! A trivial request beside those that burn CPU: does it wait for them?

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval_at};

use super::few_rounds;
use crate::app::{App, BURNING};
use crate::client::Client;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::numbers::Series;
use crate::server::{HOSTS, Server, System};

const BURNERS: usize = 16;
const BURN: &str = "/e2/p5?wait_ms=1000";
const TRIVIAL: &str = "/e2/p5?wait_ms=0";
/// Often enough for percentiles, seldom enough that a host with room for some 300 holds those that wait.
const VISITS_EVERY: Duration = Duration::from_millis(50);

const UNYIELDING: &str = "embedded host, guests don't yield";
const UNYIELDING_APP: App = App { flags: &["--time-slice", "0"], ..BURNING };

/// At the 99th percentile, in milliseconds.
const WAITS: Limit = Limit::Below(50.0);
/// Times that of the same host where guests don't yield.
const MAKESPAN: Limit = Limit::AtMost(1.05);

struct Lane {
    name: &'static str,
    server: Server,
    /// How long each trivial request took, of all rounds, in seconds.
    visits: Series,
    /// In seconds.
    makespans: Series,
    failed: usize,
}

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let mut lanes: Vec<Lane> = lab
        .start_all(&HOSTS, &BURNING)
        .await?
        .into_iter()
        .map(|server| Lane::new(server.system.name(), server))
        .collect();
    lanes.push(Lane::new(UNYIELDING, Server::start(&lab.programs, System::Ours, &UNYIELDING_APP).await?));
    for round in 1..=few_rounds(lab) {
        for lane in &mut lanes {
            lane.take_turn().await?;
            let name = lane.name;
            say(&format!("round {round}: {name}: {} s", lane.makespans.spread(1.0, 2)));
        }
    }
    let section = tell(title, &lanes);
    for lane in lanes {
        lane.server.stop().await;
    }
    Ok(section)
}

impl Lane {
    fn new(name: &'static str, server: Server) -> Self {
        Self { name, server, visits: Series::default(), makespans: Series::default(), failed: 0 }
    }

    /// Fires the burst, and beside it, until it is over, a trivial request on a connection of its own
    /// whenever one is due, whether or not those before were answered.
    async fn take_turn(&mut self) -> Result<()> {
        let url = &self.server.url;
        Client::connect(url).await?.get(TRIVIAL).await?;
        let mut burners = Vec::new();
        for _ in 0..BURNERS {
            burners.push(Client::connect(url).await?);
        }
        let begun = Instant::now();
        let mut burst: JoinSet<_> =
            burners.into_iter().map(|mut client| async move { client.get(BURN).await }).collect();
        let mut visitors = JoinSet::new();
        let mut due = interval_at(tokio::time::Instant::now() + VISITS_EVERY, VISITS_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                burned = burst.join_next() => match burned {
                    Some(burned) => self.failed += usize::from(burned?.is_err()),
                    None => break,
                },
                planned = due.tick() => {
                    visitors.spawn(visit(url.clone(), planned.into_std()));
                }
            }
        }
        self.makespans.push(begun.elapsed().as_secs_f64());
        for visit in visitors.join_all().await {
            match visit {
                Ok(took) => self.visits.push(took.as_secs_f64()),
                Err(_) => self.failed += 1,
            }
        }
        Ok(())
    }
}

/// How long it took from when it should have been sent: late is late, whoever made it so.
async fn visit(url: String, planned: Instant) -> Result<Duration> {
    Client::connect(&url).await?.get(TRIVIAL).await?;
    Ok(planned.elapsed())
}

fn tell(title: &str, lanes: &[Lane]) -> Section {
    let text = format!(
        "{BURNERS} requests of about 1 s of CPU each, sent together by this program, and beside them every {} ms a \
         request that does nothing, on a new connection. Its time counts from when it was due.",
        VISITS_EVERY.as_millis()
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
    let peer = lanes.iter().find(|lane| lane.name == UNYIELDING);
    for lane in lanes {
        let ours = lane.name == System::Ours.name();
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| lane.visits.percentile(share) * 1e3);
        let ratio = peer.filter(|peer| peer.name != lane.name);
        let ratio = ratio.map(|peer| lane.makespans.over(&peer.makespans));
        let waits =
            ours.then(|| section.goal(Goal::new("beside CPU, p99 of a trivial request, ms", WAITS, p99)));
        let longer = ratio.filter(|_| ours).map(|ratio| {
            let what = "16 s of CPU, makespan, times that without yielding";
            section.goal(Goal::new(what, MAKESPAN, ratio.median))
        });
        section.row([
            lane.name.to_owned(),
            format!("{p50:.1}"),
            format!("{p99:.1}"),
            format!("{max:.1}"),
            waits.unwrap_or_default(),
            lane.makespans.spread(1.0, 2),
            ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
            longer.unwrap_or_default(),
            lane.failed.to_string(),
        ]);
        section.command(&lane.server.command);
    }
    section
}
