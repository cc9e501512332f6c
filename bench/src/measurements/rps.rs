//! Requests per second, where the guest answers at once: what is left is the host.

use anyhow::Result;

use crate::app::{App, P2_FRESH, P3_FRESH, P3_REUSED};
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::load::{self, WRK};
use crate::numbers::{Series, grouped};
use crate::server::{HOSTS, Server, System};

/// Each use of instances, and how many times the rate of `wasmtime serve` it should reach: the target and the aim.
const USES: [(App, f64, f64); 3] = [(P2_FRESH, 1.6, 2.0), (P3_FRESH, 1.6, 2.0), (P3_REUSED, 1.2, 1.5)];

const WARM_UP_SECONDS: u32 = 1;

/// A server and what it answered, a value a round.
struct Lane {
    instances: &'static str,
    server: Server,
    rates: Series,
    failed: u64,
}

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let mut lanes = start(lab).await?;
    for lane in &mut lanes {
        load::wrk(lab, &lane.server.url, WARM_UP_SECONDS).await?;
    }
    for round in 1..=lab.rounds {
        for lane in &mut lanes {
            let seen = load::wrk(lab, &lane.server.url, lab.seconds).await?;
            let who = lane.server.system.name();
            say(&format!(
                "round {round} of {}: {}, {who}: {}",
                lab.rounds,
                lane.instances,
                grouped(seen.rate, 0)
            ));
            lane.rates.push(seen.rate);
            lane.failed += seen.failed;
        }
    }
    let section = tell(lab, title, &lanes);
    for lane in lanes {
        lane.server.stop().await;
    }
    Ok(section)
}

async fn start(lab: &Lab) -> Result<Vec<Lane>> {
    let mut lanes = Vec::new();
    let lane = |instances, server| Lane { instances, server, rates: Series::default(), failed: 0 };
    for (app, ..) in USES {
        lanes
            .extend(lab.start_all(&HOSTS, &app).await?.into_iter().map(|server| lane(app.instances, server)));
    }
    // It has no guest; of an app it takes nothing.
    lanes.extend(
        lab.start_all(&[System::Native], &P2_FRESH).await?.into_iter().map(|server| lane("none", server)),
    );
    Ok(lanes)
}

fn tell(lab: &Lab, title: &str, lanes: &[Lane]) -> Section {
    let text = "No wait, 50 connections that are kept; `failed` counts answers that were no success. The ratio is to \
                `wasmtime serve` with the same use of instances.";
    let columns = ["instances", "system", "requests/s", "ratio", "target", "failed"];
    let mut section = Section::new(title, text, &columns);
    for lane in lanes {
        let peer = lanes
            .iter()
            .find(|other| other.instances == lane.instances && other.server.system == System::Wasmtime)
            .filter(|_| lane.server.system != System::Wasmtime)
            .map(|peer| lane.rates.over(&peer.rates));
        let goal = USES
            .iter()
            .find(|(app, ..)| app.instances == lane.instances && lane.server.system == System::Ours);
        let target = match (goal, peer) {
            (Some(&(_, least, aim)), Some(ratio)) => section.goal(Goal {
                aim: Some(aim),
                ..Goal::new(
                    format!("requests/s, {}, times `wasmtime serve`", lane.instances),
                    Limit::AtLeast(least),
                    ratio.median,
                )
            }),
            _ => String::new(),
        };
        section.row([
            lane.instances.to_owned(),
            lane.server.system.name().to_owned(),
            lane.rates.spread(1.0, 0),
            peer.map(|ratio| ratio.to_string()).unwrap_or_default(),
            target,
            lane.failed.to_string(),
        ]);
        section.command(&lane.server.command);
    }
    section.command(format!("wrk {} -d{}s http://ADDRESS", WRK.join(" "), lab.seconds));
    section
}
