//! What is said about a result in whole sentences, in whatever format.

use std::fmt::Write;

use judge::trace::Http2;
use judge::units;
use results::document::Usage;
use results::document::{Burst, Document, SystemUsage};
use results::summary::columns;

/// A burst's sentences: why, the remedy, what else must be known, the numbers.
pub fn all(burst: &Burst) -> Vec<String> {
    let why = (!burst.verdict.why.is_empty()).then(|| burst.verdict.why.clone());
    [why, burst.verdict.remedy.clone(), unsent(burst), counted(burst), Some(numbers(burst))]
        .into_iter()
        .flatten()
        .collect()
}

fn unsent(burst: &Burst) -> Option<String> {
    (burst.unsent > 0).then(|| {
        format!(
            "{} requests were due before the end and never sent, because no connection was free: the latency from \
             the planned send would be worse than it says. Give more connections, or a lower rate.",
            burst.unsent
        )
    })
}

fn counted(burst: &Burst) -> Option<String> {
    (burst.counted_only > 0).then(|| {
        format!(
            "The verdict is of the first {} requests; {} more are in the counts and times above, which are good to \
             three digits (--max-rows keeps more).",
            burst.requests.len(),
            burst.counted_only
        )
    })
}

/// How it went, in numbers.
pub fn numbers(burst: &Burst) -> String {
    let over = match burst.http2 {
        Some(Http2 { connections, streams_each }) => {
            let limit = streams_each.map_or("no limit".to_owned(), |limit| format!("a limit of {limit}"));
            let plural = if connections == 1 { "" } else { "s" };
            format!(
                ", {} at a time, over {connections} HTTP/2 connection{plural} (with {limit} to the streams on each)",
                burst.c
            )
        }
        None => format!(" over {} connections", burst.c),
    };
    format!(
        "{} requests{over}: {} answered, {} failed; makespan {}, sends up to {} late",
        burst.n,
        burst.ok,
        burst.failed,
        units::time(burst.makespan_ms),
        units::time(burst.start_skew_us / 1e3),
    )
}

/// What the systems needed, the most of all rounds.
pub fn used(document: &Document) -> String {
    let mut text = String::new();
    for column in columns(document) {
        let of_column = |usage: &&SystemUsage| {
            usage.system == column.system && usage.manifest.as_deref() == column.manifest
        };
        let systems = || document.systems.iter().filter(of_column);
        let used: Vec<_> = systems().map(|system| system.usage).collect();
        let version = systems().find_map(|system| system.version.as_deref());
        let version = version.map_or(String::new(), |version| format!(" {version}"));
        let most = |value: fn(&Usage) -> f64| used.iter().map(value).fold(0.0, f64::max);
        if !used.is_empty() {
            let manifest = column.manifest.map_or(String::new(), |manifest| format!(" ({manifest})"));
            let _ = write!(
                text,
                "{}{version}{manifest} used {:.0} MiB of memory at most, and {} of processor time. ",
                column.system,
                most(|usage| usage.memory_peak_mib),
                units::time(most(|usage| usage.cpu_s) * 1e3),
            );
        }
    }
    text
}

/// How the load generator fared; or of another tool's, what that doesn't say.
pub fn generator(document: &Document) -> String {
    let (source, lacks) = match &document.source {
        Some(source) => {
            let files = source.files.join(", ");
            (format!("By {} ({}): {files}. ", source.tool, source.format), source.lacks.join(" "))
        }
        None => Default::default(),
    };
    if document.foreign().is_some() {
        return source + &lacks;
    }
    let generator = &document.generator;
    format!(
        "{source}{lacks}{}The load generator used at most {:.0} % of the processors, and its timers were {} late (p99).",
        if lacks.is_empty() { "" } else { " " },
        generator.cpu * 100.0,
        units::time(generator.lag_p99_us / 1e3),
    )
}
