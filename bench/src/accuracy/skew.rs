//! How far apart the requests of a burst arrive that is meant to be sent at once.

use anyhow::{Context, Result, ensure};

use super::HELD;
use super::generator::{ALL, Generator};
use crate::app::held;
use crate::client::Client;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::lab::say;
use crate::numbers::{Series, grouped};
use crate::programs::Programs;
use crate::server::{Server, System};

pub const TITLE: &str = "Start skew";

const ROUNDS: u32 = 5;
/// Bursts, and whether they are large enough for the targets: a few requests any generator sends at once.
const SIZES: [(usize, bool); 3] = [(10, false), (1_000, true), (5_000, true)];
/// Times the skew of hey, and of oha.
const OF_HEY: f64 = 0.25;
const OF_OHA: f64 = 1.0;

/// What a generator did with bursts of one size, a value a round.
struct Lane {
    generator: Generator,
    /// From the first request's arrival to the last's, in milliseconds, as the server reads them.
    skews: Series,
    /// The same by the receiving kernel.
    came: Series,
    /// By how much the mean latency that it tells is above the time that each request was held, in milliseconds.
    beyond: Series,
}

pub async fn measure(programs: &Programs) -> Result<Section> {
    let text = format!(
        "From the first request's arrival to the last's, as one and the same server reads them, and before that by its \
         kernel. The server holds every request for {} s, and starts anew for each size. Beside it the mean \
         latency that each generator tells, less what the request was held for: hey and oha connect within it, \
         `loadtest` before.",
        HELD.as_secs()
    );
    let columns = [
        "requests",
        "generator",
        "skew, ms",
        "of hey's",
        "of oha's",
        "by the kernel, ms",
        "mean latency beyond, ms",
    ];
    let mut section = Section::new(TITLE, text, &columns);
    let mut goals = Vec::new();
    for (n, is_goal) in SIZES {
        let lanes = turns(programs, n).await?;
        let ours = lanes.iter().find(|lane| lane.generator == Generator::Loadtest);
        for lane in &lanes {
            let ratio = |to: Generator| {
                lanes.iter().find(|other| other.generator == to).map(|other| lane.skews.over(&other.skews))
            };
            let cell = |to| ratio(to).map(|ratio| ratio.to_string()).unwrap_or_default();
            section.row([
                grouped(n as f64, 0),
                lane.generator.name().to_owned(),
                lane.skews.spread(1.0, 2),
                if lane.generator == Generator::Hey { String::new() } else { cell(Generator::Hey) },
                if lane.generator == Generator::Loadtest { cell(Generator::Oha) } else { String::new() },
                lane.came.spread(1.0, 2),
                lane.beyond.spread(1.0, 1),
            ]);
        }
        for (peer, limit) in [(Generator::Hey, OF_HEY), (Generator::Oha, OF_OHA)] {
            let theirs = lanes.iter().find(|lane| lane.generator == peer);
            if let (true, Some(ours), Some(theirs)) = (is_goal, ours, theirs) {
                let what = format!("start skew at {}, times {}'s", grouped(n as f64, 0), peer.name());
                goals.push(Goal::new(what, Limit::Below(limit), ours.skews.over(&theirs.skews).median));
            }
        }
    }
    for generator in ALL {
        section.command(format!(
            "{} {}",
            generator.name(),
            generator.args("http://ADDRESS", 1_000, HELD).join(" ")
        ));
    }
    section.targets(goals);
    Ok(section)
}

async fn turns(programs: &Programs, n: usize) -> Result<Vec<Lane>> {
    let server = Server::start(programs, System::Hold, &held(&["--hold-ms", "1000"])).await?;
    let here = ALL.into_iter().filter(|generator| generator.program(programs).is_some());
    let mut lanes: Vec<_> = here
        .map(|generator| Lane {
            generator,
            skews: Series::default(),
            came: Series::default(),
            beyond: Series::default(),
        })
        .collect();
    for round in 1..=ROUNDS {
        for lane in &mut lanes {
            let mean_ms = lane.generator.fire(programs, &server.url, n, HELD).await?;
            let (came_ms, skew_ms) = skew(&server, n).await.with_context(|| lane.generator.name())?;
            say(&format!("round {round} of {ROUNDS}: {n} by {}: {skew_ms:.2} ms", lane.generator.name()));
            lane.skews.push(skew_ms);
            lane.came.push(came_ms);
            lane.beyond.push(mean_ms - HELD.as_secs_f64() * 1e3);
        }
    }
    server.stop().await;
    Ok(lanes)
}

/// In milliseconds, by the kernel and by the server.
async fn skew(server: &Server, n: usize) -> Result<(f64, f64)> {
    let told = Client::connect(&server.url).await?.text("/arrivals").await?;
    let count = told.lines().count();
    ensure!(count == n, "{count} of {n} requests arrived");
    let (came, read) = told.lines().last().and_then(|line| line.split_once(' ')).context("no arrivals")?;
    Ok((came.parse::<f64>()? / 1e6, read.parse::<f64>()? / 1e6))
}
