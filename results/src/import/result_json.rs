//! `result.json` of loadtest, judged again: with the same or another service time.

use anyhow::{Context, bail, ensure};
use judge::aggregate::Aggregate;
use judge::schedule::{Arrivals, Open, Schedule};
use judge::trace::{
    Baseline, Evidence, Fault, Generator, Origin, Outcome, Row, Stay, Trace, note_answers_beside,
};
use judge::verdict::{self, Kind};

use super::head::Head;
use super::options::Options;
use super::urls::server_of;
use crate::document::{
    Baseline as DocumentBaseline, Burst, Document, LOADTEST, Request, Run, Sending, Source,
};
use crate::input::Input;

/// The start of a burst if its own start is unknown. It is far above 0, because by another clock requests may have
/// entered a handler before the start.
const ARBITRARY_START_NS: i128 = 1_000_000_000_000_000;

/// Whether a file with this head is a `result.json`.
pub fn detect(head: &Head) -> bool {
    head.has(&["schema", "tool"])
}

/// Reads and judges the `result.json` in the file `name`.
pub fn document(name: &str, input: &mut Input, options: &Options) -> anyhow::Result<Document> {
    ensure!(
        options.n.is_none() && options.c.is_none(),
        "{name}: -n and -c are for other tools' results; this file has both"
    );
    let mut document = Document::parse(input).with_context(|| name.to_owned())?;
    if let Some(Source { tool, files, .. }) = document.foreign() {
        bail!("{name}: {tool} measured this; give the original file: {}", files.join(" "));
    }
    let overall = document.generator;
    for Run { generator, bursts, .. } in &mut document.runs {
        for burst in bursts.iter_mut() {
            if let Some((service_ms, baseline)) = Baseline::given(&options.service_ms) {
                burst.service_ms = service_ms;
                burst.baseline = DocumentBaseline::of(&baseline);
            }
        }
        judge_again(bursts, generator.unwrap_or(overall).into());
    }
    document.source.get_or_insert_with(|| Source {
        tool: LOADTEST.to_owned(),
        format: "JSON".to_owned(),
        files: vec![name.to_owned()],
        lacks: Vec::new(),
        broken_rows: 0,
    });
    Ok(document)
}

/// Judges the bursts of a run by their requests.
fn judge_again(bursts: &mut [Burst], generator: Generator) {
    let mut traces: Vec<Trace> = bursts.iter().map(|burst| trace(burst, generator)).collect();
    let origins: Vec<Option<Origin>> = bursts.iter().map(origin).collect();
    note_answers_beside(&mut traces, &origins);
    bursts.iter_mut().zip(&traces).for_each(|(burst, trace)| update(burst, trace));
}

/// Judges the burst by its trace.
fn update(burst: &mut Burst, trace: &Trace) {
    let before = burst.verdict.kind;
    burst.verdict = verdict::judge(trace).rounded();
    let refused = Aggregate::of(&trace.rows).refused.max(burst.refused);
    burst.refused = if burst.verdict.kind == Kind::Refused { refused } else { 0 };
    // The other expectations depend on the kind only.
    if burst.verdict.kind != before {
        burst.as_expected = burst.expected.map(|expected| expected == burst.verdict.kind);
        burst.mismatch =
            burst.expected.filter(|_| burst.as_expected == Some(false)).map(|kind| kind.to_string());
    }
}

/// Returns the server and the start of `burst`, if the result has both.
fn origin(burst: &Burst) -> Option<Origin> {
    Some(Origin { server: server_of(&burst.url)?, start_us: burst.start_unix_us? })
}

/// Returns the trace of `burst`. `generator` is the load of its generator.
pub fn trace(burst: &Burst, generator: Generator) -> Trace {
    let requested = schedule(burst);
    let rows: Vec<Row> = burst.requests.iter().map(|request| row(burst, request)).collect();
    let n = match requested.duration {
        Some(_) => rows.len(),
        None => requested.n.saturating_sub(burst.counted_only).max(rows.len()),
    };
    Trace {
        shared_clock: burst.requests.iter().any(|request| request.entered_us.is_some()),
        baseline: burst.baseline.as_ref().map(DocumentBaseline::times).unwrap_or_default(),
        keep_alive: !burst.requests.iter().any(|request| request.connects),
        generator,
        ..Trace::new(Schedule { n, ..requested }, burst.service_ms, rows)
    }
}

/// Returns the requested schedule of `burst`.
pub fn schedule(burst: &Burst) -> Schedule {
    let time = |ms: f64| std::time::Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default();
    let Sending { delay_ms, spacing_ms, rate, arrivals, seed, ramp_ms, duration_ms } = burst.sending;
    Schedule {
        c: burst.c,
        delay: time(delay_ms),
        spacing: time(spacing_ms),
        open: rate.map(|rate| Open {
            rate,
            ramp: ramp_ms.map(time).unwrap_or_default(),
            arrivals: arrivals.unwrap_or(Arrivals::Even),
            seed: seed.unwrap_or(0),
        }),
        duration: duration_ms.map(time),
        ..Schedule::together(burst.n)
    }
}

fn row(burst: &Burst, request: &Request) -> Row {
    let fault = || {
        let kind = request.error_kind?;
        Some(Fault::new(kind, request.error.clone().unwrap_or_default()))
    };
    Row {
        i: request.i,
        connect_us: request.connect_us,
        connects: request.connects,
        planned_us: request.planned_us,
        sent_us: request.sent_us,
        first_byte_us: request.first_byte_us,
        done_us: request.done_us,
        outcome: match (request.status, fault()) {
            (Some(status), _) => Outcome::Answered(status),
            (None, Some(fault)) => fault.outcome(),
            (None, None) => Outcome::default(),
        },
        good: request.good,
        evidence: evidence(burst, request),
        server: burst.server.clone(),
        server_time_us: request.server_time_us,
        phases: request.phases,
    }
}

fn evidence(burst: &Burst, request: &Request) -> Option<Evidence> {
    let shared = request.entered_us.zip(request.left_us);
    let interval = shared.or(request.server_entered_us.zip(request.server_left_us));
    let ns = |us: f64| u64::try_from(ARBITRARY_START_NS + (us * 1e3) as i128).unwrap_or(0);
    Some(Evidence {
        instance: request.instance.clone()?,
        endpoint: burst.endpoint.clone(),
        style: request.style.clone().unwrap_or_default(),
        served: request.served,
        stay: interval.map(|(entered, left)| Stay { entered_ns: ns(entered), left_ns: ns(left) }),
        start_ns: ns(0.0),
        host: request.host.clone(),
    })
}
