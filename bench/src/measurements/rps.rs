//! Requests per second with guests that answer at once, so that the host is the only cost.

use anyhow::Result;

use crate::app::{App, P2_FRESH, P3_FRESH, P3_REUSED};
use crate::console::note;
use crate::document::Section;
use crate::goal::{Goal, Limit};
use crate::load;
use crate::numbers::{Series, grouped};
use crate::run_context::RunContext;
use crate::server::Server;
use crate::system::{HOSTS, System};
use crate::turns::in_turn;

/// Each use of instances, with the target and the aim for the ratio to `wasmtime serve`.
const USES: [(App, f64, f64); 3] = [(P2_FRESH, 1.6, 2.0), (P3_FRESH, 1.6, 2.0), (P3_REUSED, 1.2, 1.5)];

const WARM_UP_SECONDS: u32 = 1;

/// The headers that Spin and the embedded host add to a request of this application.
const SPIN_HEADERS: [&str; 7] = [
    "spin-path-info: /",
    "spin-full-url: http://127.0.0.1:3000/",
    "spin-matched-route: /...",
    "spin-base-path: /",
    "spin-raw-component-route: /...",
    "spin-component-route: ",
    "spin-client-addr: 127.0.0.1:50000",
];

/// A server with its rates, one for each round.
struct Subject {
    instances: &'static str,
    server: Server,
    /// The headers that wrk adds to its own.
    headers: &'static [&'static str],
    rates: Series,
    failed: u64,
}

impl Subject {
    /// The system's name, for the document.
    fn system(&self) -> String {
        let name = self.server.system.name();
        if self.headers.is_empty() { name.to_owned() } else { format!("{name}, with Spin's headers") }
    }

    /// Whether the ratios are to this subject.
    fn is_baseline(&self) -> bool {
        self.server.system == System::Wasmtime && self.headers.is_empty()
    }
}

pub async fn measure(context: &RunContext, title: &str) -> Result<Section> {
    let mut subjects = start(context).await?;
    for subject in &mut subjects {
        load::wrk(context, &subject.server.url, subject.headers, WARM_UP_SECONDS).await?;
    }
    for round in 1..=context.rounds {
        for subject in in_turn(&mut subjects, round) {
            let result = load::wrk(context, &subject.server.url, subject.headers, context.seconds).await?;
            note(&format!(
                "round {round} of {}: {}, {}: {}",
                context.rounds,
                subject.instances,
                subject.system(),
                grouped(result.rate, 0)
            ));
            subject.rates.push(result.rate);
            subject.failed += result.failed;
        }
    }
    let section = section(context, title, &subjects);
    for subject in subjects {
        subject.server.stop().await;
    }
    Ok(section)
}

async fn start(context: &RunContext) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    let subject = |instances, headers, server| Subject {
        instances,
        server,
        headers,
        rates: Series::default(),
        failed: 0,
    };
    for (app, ..) in USES {
        let servers = context.start_all(&HOSTS, &app).await?;
        subjects.extend(servers.into_iter().map(|server| subject(app.instances, &[][..], server)));
    }
    let with_headers = context.start_all(&[System::Wasmtime], &P3_REUSED).await?;
    subjects
        .extend(with_headers.into_iter().map(|server| subject(P3_REUSED.instances, &SPIN_HEADERS, server)));
    // It has no guest, and ignores the application.
    let native = context.start_all(&[System::Native], &P2_FRESH).await?;
    subjects.extend(native.into_iter().map(|server| subject("none", &[], server)));
    Ok(subjects)
}

fn section(context: &RunContext, title: &str, subjects: &[Subject]) -> Section {
    let text = "The guest doesn't wait. wrk uses 50 persistent connections. `failed` counts answers without success. The \
                ratio is to `wasmtime serve` with the same use of instances. The embedded host adds seven headers to a \
                request, as Spin does; `wasmtime serve` with these headers shows their cost.";
    let columns = ["instances", "system", "requests/s", "ratio", "target", "failed"];
    let mut section = Section::new(title, text, &columns);
    for subject in subjects {
        let ratio = subjects
            .iter()
            .find(|other| other.instances == subject.instances && other.is_baseline())
            .filter(|_| !subject.is_baseline())
            .map(|baseline| subject.rates.over(&baseline.rates));
        let goal = USES.iter().find(|(app, ..)| {
            app.instances == subject.instances && subject.server.system == System::Embedded
        });
        let target = match (goal, ratio) {
            (Some(&(_, least, aim)), Some(ratio)) => section.goal(Goal {
                aim: Some(aim),
                ..Goal::new(
                    format!("requests/s, {}, ratio to `wasmtime serve`", subject.instances),
                    Limit::AtLeast(least),
                    ratio.median,
                )
            }),
            _ => String::new(),
        };
        section.row([
            subject.instances.to_owned(),
            subject.system(),
            subject.rates.spread(1.0, 0),
            ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
            target,
            subject.failed.to_string(),
        ]);
        section.command(&subject.server.command);
    }
    for headers in [&[][..], &SPIN_HEADERS] {
        section.command(load::wrk_command(headers, context.seconds));
    }
    section
}
