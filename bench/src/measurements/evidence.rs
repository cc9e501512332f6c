//! What evidence costs: requests per second with the header `Served-By`, and with the trace, beside neither.

use anyhow::Result;

use crate::app::{App, P2_FRESH, P3_REUSED};
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::load;
use crate::numbers::{Series, grouped};
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::System;
use crate::turns::in_turn;

/// The flags, with the least ratio to the same host without them. The disk is not measured.
const WITH: [(&[&str], Option<f64>); 3] =
    [(&[], None), (&["--evidence"], Some(0.98)), (&["--evidence", "--trace", "/dev/null"], None)];

const WARM_UP_SECONDS: u32 = 1;

struct Subject {
    app: App,
    least: Option<f64>,
    server: Server,
    /// One rate for each round.
    rates: Series,
    failed: u64,
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let mut subjects = Vec::new();
    for app in [P2_FRESH, P3_REUSED] {
        for (flags, least) in WITH {
            let app = App { flags, ..app };
            let server = Server::start(&context.programs, System::Embedded, &app).await?;
            load::wrk(context, &server.url, &[], WARM_UP_SECONDS).await?;
            subjects.push(Subject { app, least, server, rates: Series::default(), failed: 0 });
        }
    }
    for round in 1..=context.rounds {
        for Subject { app, server, rates, failed, .. } in in_turn(&mut subjects, round) {
            let result = load::wrk(context, &server.url, &[], context.seconds).await?;
            let (rate, flags) = (grouped(result.rate, 0), app.flags.join(" "));
            note(&format!("round {round} of {}: {} {flags}: {rate}", context.rounds, app.instances));
            rates.push(result.rate);
            *failed += result.failed;
        }
    }
    let section = section(context, title, &subjects);
    for subject in subjects {
        subject.server.stop().await;
    }
    Ok(section)
}

fn section(context: &RunContext, title: &str, subjects: &[Subject]) -> Section {
    let text = "The embedded host, with the guest that doesn't wait. `--evidence` adds the header `Served-By` to each answer, \
                and `--trace` writes a line for each request, here to no disk. wrk uses 50 persistent connections. The ratio \
                is to the same host without these flags.";
    let columns = ["instances", "flags", "requests/s", "ratio", "target", "failed"];
    let mut section = Section::new(title, text, &columns);
    for subject in subjects {
        let Subject { app, least, server, rates, failed } = subject;
        let plain =
            subjects.iter().find(|other| other.app.flags.is_empty() && other.app.instances == app.instances);
        let ratio = plain.filter(|_| !app.flags.is_empty()).map(|plain| rates.over(&plain.rates));
        let goal = ratio.zip(*least).map(|(ratio, least)| {
            let what = format!("requests/s, {}, {}, ratio to none", app.instances, app.flags.join(" "));
            section.goal(Goal::new(what, Limit::AtLeast(least), ratio.median))
        });
        let flags =
            if app.flags.is_empty() { "none".to_owned() } else { format!("`{}`", app.flags.join(" ")) };
        section.row([
            app.instances.to_owned(),
            flags,
            rates.spread(1.0, 0),
            ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
            goal.unwrap_or_default(),
            failed.to_string(),
        ]);
        section.command(&server.command);
    }
    section.command(load::wrk_command(&[], context.seconds));
    section
}
