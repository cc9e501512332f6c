//! The time that a fresh instance adds to a request: sequential requests over one connection.

use anyhow::Result;

use crate::app::{P2_FRESH, P3_FRESH, P3_REUSED};
use crate::client::Client;
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::numbers::Series;
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::{HOSTS, System};
use crate::turns::in_turn;

const REQUESTS: usize = 1_000;
/// The time added to a request with a reused instance, in microseconds.
const ADDED: Limit = Limit::Below(100.0);

struct Subject {
    instances: &'static str,
    server: Server,
    /// The median of each round, in seconds.
    medians: Series,
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let mut subjects = Vec::new();
    let subject = |instances, server| Subject { instances, server, medians: Series::default() };
    for app in [P2_FRESH, P3_FRESH, P3_REUSED] {
        subjects.extend(
            context.start_all(&HOSTS, &app).await?.into_iter().map(|server| subject(app.instances, server)),
        );
    }
    subjects.extend(
        context
            .start_all(&[System::Native], &P2_FRESH)
            .await?
            .into_iter()
            .map(|server| subject("none", server)),
    );
    for round in 1..=context.rounds {
        note(&format!("round {round} of {}", context.rounds));
        for subject in in_turn(&mut subjects, round) {
            subject.medians.push(median_of_many(&subject.server.url).await?);
        }
    }
    let section = section(title, &subjects);
    for subject in subjects {
        subject.server.stop().await;
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

fn section(title: &str, subjects: &[Subject]) -> Section {
    let text = format!(
        "This program sends {REQUESTS} sequential requests over one connection in each turn. The median of a turn \
         counts. The added time is the difference to the same system with reused instances."
    );
    let mut section =
        Section::new(title, text, &["instances", "system", "latency, us", "added, us", "target"]);
    for subject in subjects {
        let added = subjects
            .iter()
            .find(|other| {
                other.server.system == subject.server.system && other.instances == P3_REUSED.instances
            })
            .filter(|_| subject.instances != P3_REUSED.instances)
            .map(|other| (subject.medians.median() - other.medians.median()) * 1e6);
        let target = match added {
            Some(added) if subject.server.system == System::Embedded => {
                section.goal(Goal::new(format!("us added to a request, {}", subject.instances), ADDED, added))
            }
            _ => String::new(),
        };
        section.row([
            subject.instances.to_owned(),
            subject.server.system.name().to_owned(),
            subject.medians.spread(1e6, 0),
            added.map(|added| format!("{added:.0}")).unwrap_or_default(),
            target,
        ]);
        section.command(&subject.server.command);
    }
    section
}
