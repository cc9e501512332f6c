//! What a fresh instance adds to a request: one connection, one request after the other.

use anyhow::Result;

use crate::app::{P2_FRESH, P3_FRESH, P3_REUSED};
use crate::client::Client;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::numbers::Series;
use crate::server::{HOSTS, Server, System};

const REQUESTS: usize = 1_000;
/// How much longer than with reuse a request may take, in microseconds.
const ADDED: Limit = Limit::Below(100.0);

struct Lane {
    instances: &'static str,
    server: Server,
    /// The median of each round, in seconds.
    medians: Series,
}

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let mut lanes = Vec::new();
    let lane = |instances, server| Lane { instances, server, medians: Series::default() };
    for app in [P2_FRESH, P3_FRESH, P3_REUSED] {
        lanes
            .extend(lab.start_all(&HOSTS, &app).await?.into_iter().map(|server| lane(app.instances, server)));
    }
    lanes.extend(
        lab.start_all(&[System::Native], &P2_FRESH).await?.into_iter().map(|server| lane("none", server)),
    );
    for round in 1..=lab.rounds {
        say(&format!("round {round} of {}", lab.rounds));
        for lane in &mut lanes {
            lane.medians.push(median_of_many(&lane.server.url).await?);
        }
    }
    let section = tell(title, &lanes);
    for lane in lanes {
        lane.server.stop().await;
    }
    Ok(section)
}

async fn median_of_many(url: &str) -> Result<f64> {
    let mut client = Client::connect(url).await?;
    let mut times = Series::default();
    for _ in 0..REQUESTS {
        times.push(client.get("/").await?.as_secs_f64());
    }
    Ok(times.median())
}

fn tell(title: &str, lanes: &[Lane]) -> Section {
    let text = format!(
        "{REQUESTS} requests a turn, one after the other over one connection, sent by this program; the median of \
         a turn counts. What is added is beyond the same system's time with reused instances."
    );
    let mut section =
        Section::new(title, text, &["instances", "system", "latency, us", "added, us", "target"]);
    for lane in lanes {
        let reused = lanes
            .iter()
            .find(|other| other.server.system == lane.server.system && other.instances == P3_REUSED.instances)
            .filter(|_| lane.instances != P3_REUSED.instances)
            .map(|other| (lane.medians.median() - other.medians.median()) * 1e6);
        let target = match reused {
            Some(added) if lane.server.system == System::Ours => {
                section.goal(Goal::new(format!("us added to a request, {}", lane.instances), ADDED, added))
            }
            _ => String::new(),
        };
        section.row([
            lane.instances.to_owned(),
            lane.server.system.name().to_owned(),
            lane.medians.spread(1e6, 0),
            reused.map(|added| format!("{added:.0}")).unwrap_or_default(),
            target,
        ]);
        section.command(&lane.server.command);
    }
    section
}
