//! The start skew: the time over which the requests of a simultaneous burst arrive.

use anyhow::{Context, Result, ensure};

use super::generator::{ALL, DELAY, Generator};
use crate::app::delay_server;
use crate::client::Client;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::numbers::{Series, grouped};
use crate::programs::Programs;
use crate::server::Server;
use crate::system::System;
use crate::turns::in_turn;

pub const TITLE: &str = "Start skew";

const ROUNDS: u32 = 5;
/// The sizes of the bursts, and whether they count for the targets. Any generator sends a few requests at once.
const SIZES: [(usize, bool); 3] = [(10, false), (1_000, true), (5_000, true)];
/// The targets, as shares of the peers' skew.
const SHARE_OF_HEY: f64 = 0.25;
const SHARE_OF_OHA: f64 = 1.0;

/// The measurements of a generator for one size, one value for each round.
struct GeneratorSeries {
    generator: Generator,
    /// From the first arrival to the last, in milliseconds, when the server reads the requests.
    skews: Series,
    /// The same, when the server's kernel receives the requests.
    kernel_skews: Series,
    /// The reported mean latency without the server's delay, in milliseconds.
    overheads: Series,
}

pub async fn measure(programs: &Programs) -> Result<Section> {
    let text = format!(
        "The skew is the time from the first request's arrival to the last, when the server reads them, and when its \
         kernel receives them. The server delays each answer by {} s, and is restarted for each size. The last column \
         is the mean latency that the generator reports, without this delay. It includes connecting for hey and oha; \
         `loadtest` connects before the burst.",
        DELAY.as_secs()
    );
    let columns = [
        "requests",
        "generator",
        "skew, ms",
        "ratio to hey",
        "ratio to oha",
        "at the kernel, ms",
        "mean latency without delay, ms",
    ];
    let mut section = Section::new(TITLE, text, &columns);
    let mut goals = Vec::new();
    for (n, is_goal) in SIZES {
        let series = measure_size(programs, n).await?;
        let ours = series.iter().find(|one| one.generator == Generator::Loadtest);
        for one in &series {
            let ratio = |to: Generator| {
                series.iter().find(|other| other.generator == to).map(|other| one.skews.over(&other.skews))
            };
            let cell = |to| ratio(to).map(|ratio| ratio.to_string()).unwrap_or_default();
            section.row([
                grouped(n as f64, 0),
                one.generator.name().to_owned(),
                one.skews.spread(1.0, 2),
                if one.generator == Generator::Hey { String::new() } else { cell(Generator::Hey) },
                if one.generator == Generator::Loadtest { cell(Generator::Oha) } else { String::new() },
                one.kernel_skews.spread(1.0, 2),
                one.overheads.spread(1.0, 1),
            ]);
        }
        for (peer, limit) in [(Generator::Hey, SHARE_OF_HEY), (Generator::Oha, SHARE_OF_OHA)] {
            let theirs = series.iter().find(|one| one.generator == peer);
            if let (true, Some(ours), Some(theirs)) = (is_goal, ours, theirs) {
                let what = format!("start skew at {}, ratio to {}", grouped(n as f64, 0), peer.name());
                goals.push(Goal::new(what, Limit::Below(limit), ours.skews.over(&theirs.skews).median));
            }
        }
    }
    for generator in ALL {
        section.command(format!(
            "{} {}",
            generator.name(),
            generator.args("http://ADDRESS", 1_000, DELAY).join(" ")
        ));
    }
    section.targets(goals);
    Ok(section)
}

async fn measure_size(programs: &Programs, n: usize) -> Result<Vec<GeneratorSeries>> {
    let server = Server::start(programs, System::Delay, &delay_server(&["--hold-ms", "1000"])).await?;
    let installed = ALL.into_iter().filter(|generator| generator.program(programs).is_some());
    let mut series: Vec<_> = installed
        .map(|generator| GeneratorSeries {
            generator,
            skews: Series::default(),
            kernel_skews: Series::default(),
            overheads: Series::default(),
        })
        .collect();
    for round in 1..=ROUNDS {
        for one in in_turn(&mut series, round) {
            let mean_ms = one.generator.fire(programs, &server.url, n, DELAY).await?;
            let (kernel_ms, skew_ms) = skew(&server, n).await.with_context(|| one.generator.name())?;
            note(&format!("round {round} of {ROUNDS}: {n} by {}: {skew_ms:.2} ms", one.generator.name()));
            one.skews.push(skew_ms);
            one.kernel_skews.push(kernel_ms);
            one.overheads.push(mean_ms - DELAY.as_secs_f64() * 1e3);
        }
    }
    server.stop().await;
    Ok(series)
}

/// The skew in milliseconds, at the kernel and at the server.
async fn skew(server: &Server, n: usize) -> Result<(f64, f64)> {
    let arrivals = Client::connect(&server.url).await?.text("/arrivals").await?;
    let count = arrivals.lines().count();
    ensure!(count == n, "{count} of {n} requests arrived");
    let (received, read) =
        arrivals.lines().last().and_then(|line| line.split_once(' ')).context("no arrivals")?;
    Ok((received.parse::<f64>()? / 1e6, read.parse::<f64>()? / 1e6))
}
