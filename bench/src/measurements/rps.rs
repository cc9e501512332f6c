//! Requests per second, where the guest answers at once: what is left is the host.

use anyhow::Result;

use crate::app::{App, P2_FRESH, P3_FRESH, P3_REUSED};
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::{Lab, say};
use crate::load;
use crate::numbers::{Series, grouped};
use crate::server::{HOSTS, Server, System};

/// Each use of instances, and how many times the rate of `wasmtime serve` it should reach: the target and the aim.
const USES: [(App, f64, f64); 3] = [(P2_FRESH, 1.6, 2.0), (P3_FRESH, 1.6, 2.0), (P3_REUSED, 1.2, 1.5)];

const WARM_UP_SECONDS: u32 = 1;

/// What Spin, and our host, add to a request for the application of this measurement.
const SPIN_HEADERS: [&str; 7] = [
    "spin-path-info: /",
    "spin-full-url: http://127.0.0.1:3000/",
    "spin-matched-route: /...",
    "spin-base-path: /",
    "spin-raw-component-route: /...",
    "spin-component-route: ",
    "spin-client-addr: 127.0.0.1:50000",
];

/// A server and what it answered, a value a round.
struct Lane {
    instances: &'static str,
    server: Server,
    /// What wrk sends beside its own.
    headers: &'static [&'static str],
    rates: Series,
    failed: u64,
}

impl Lane {
    /// For the reader.
    fn system(&self) -> String {
        let name = self.server.system.name();
        if self.headers.is_empty() { name.to_owned() } else { format!("{name}, sent Spin's headers") }
    }

    /// Whether the others are compared to it.
    fn is_peer(&self) -> bool {
        self.server.system == System::Wasmtime && self.headers.is_empty()
    }
}

pub async fn measure(lab: &Lab, title: &str) -> Result<Section> {
    let mut lanes = start(lab).await?;
    for lane in &mut lanes {
        load::wrk(lab, &lane.server.url, lane.headers, WARM_UP_SECONDS).await?;
    }
    for round in 1..=lab.rounds {
        for lane in &mut lanes {
            let seen = load::wrk(lab, &lane.server.url, lane.headers, lab.seconds).await?;
            say(&format!(
                "round {round} of {}: {}, {}: {}",
                lab.rounds,
                lane.instances,
                lane.system(),
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
    let lane =
        |instances, headers, server| Lane { instances, server, headers, rates: Series::default(), failed: 0 };
    for (app, ..) in USES {
        let servers = lab.start_all(&HOSTS, &app).await?;
        lanes.extend(servers.into_iter().map(|server| lane(app.instances, &[][..], server)));
    }
    let alike = lab.start_all(&[System::Wasmtime], &P3_REUSED).await?;
    lanes.extend(alike.into_iter().map(|server| lane(P3_REUSED.instances, &SPIN_HEADERS, server)));
    // It has no guest; of an app it takes nothing.
    let native = lab.start_all(&[System::Native], &P2_FRESH).await?;
    lanes.extend(native.into_iter().map(|server| lane("none", &[], server)));
    Ok(lanes)
}

fn tell(lab: &Lab, title: &str, lanes: &[Lane]) -> Section {
    let text = "No wait, 50 connections that are kept; `failed` counts answers that were no success. The ratio is to \
                `wasmtime serve` with the same use of instances. Our guests read the seven headers that Spin adds to a \
                request; what those cost shows where wrk sends them to `wasmtime serve`.";
    let columns = ["instances", "system", "requests/s", "ratio", "target", "failed"];
    let mut section = Section::new(title, text, &columns);
    for lane in lanes {
        let peer = lanes
            .iter()
            .find(|other| other.instances == lane.instances && other.is_peer())
            .filter(|_| !lane.is_peer())
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
            lane.system(),
            lane.rates.spread(1.0, 0),
            peer.map(|ratio| ratio.to_string()).unwrap_or_default(),
            target,
            lane.failed.to_string(),
        ]);
        section.command(&lane.server.command);
    }
    for headers in [&[][..], &SPIN_HEADERS] {
        section.command(load::wrk_command(headers, lab.seconds));
    }
    section
}
