//! A burst in hey's output format, for hey's users and their scripts.
//!
//! The output differs from hey's where hey is wrong. Percentiles are by nearest rank. Latency excludes connecting, which
//! has its own line. All bars of the histogram have the same width. The rate counts good answers only, and failures are
//! reported. Times that aren't measured are left out: the name is resolved before the burst, and `resp wait` starts with
//! the first byte of the request.

use std::fmt::Write;

use results::document::{Bar, Burst, Latency, Part, Request};

/// The length of the longest bar.
const BAR_WIDTH: usize = 40;
/// The columns of hey's CSV.
const COLUMNS: &str =
    "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset";

/// Returns hey's summary.
pub fn summary(burst: &Burst) -> String {
    let mut text = format!("\nSummary:\n  Total:\t{} secs\n", secs(burst.total_ms));
    if let Some(latency) = &burst.latency_ms {
        for (name, ms) in [("Slowest", latency.max), ("Fastest", latency.min), ("Average", latency.mean)] {
            let _ = writeln!(text, "  {name}:\t{} secs", secs(ms));
        }
    }
    let _ = writeln!(text, "  Requests/sec:\t{:.4}", burst.per_second);
    if burst.failed > 0 {
        let _ = writeln!(text, "  ({} failed, not in the times and the requests/sec)", burst.failed);
    }
    text += &histogram(&burst.latency_histogram);
    text += &distribution("Latency distribution", burst.latency_ms.as_ref());
    text += &distribution("Latency distribution from the planned send", burst.latency_from_plan_ms.as_ref());
    if let Some(parts) = &burst.parts_ms {
        text += "\nDetails (average, fastest, slowest):\n";
        for (name, part) in
            [("DNS+dialup", parts.connect), ("resp wait", parts.wait), ("resp read", parts.read)]
        {
            let Part { mean, min, max } = part;
            let _ = writeln!(text, "  {name}:\t{} secs, {} secs, {} secs", secs(mean), secs(min), secs(max));
        }
    }
    text + &counts(burst)
}

/// Returns hey's CSV: one line for each request. The status of a failed request is 0, and so are times that aren't measured.
pub fn csv<'a>(bursts: impl Iterator<Item = &'a Burst>) -> String {
    let mut text = format!("{COLUMNS}\n");
    for request in bursts.flat_map(|burst| &burst.requests) {
        text += &line(request);
    }
    text
}

fn line(request: &Request) -> String {
    let Request { sent_us, first_byte_us, done_us, connect_us, status, .. } = request;
    // As in hey, the response time includes connecting if the request opened its own connection.
    let connecting = connect_us.filter(|_| request.connects).unwrap_or(0.0);
    let between = |from: Option<f64>, to: Option<f64>| from.zip(to).map_or(0.0, |(from, to)| to - from) / 1e6;
    format!(
        "{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{},{:.6}\n",
        between(*sent_us, Some(*done_us)) + connecting / 1e6,
        connect_us.unwrap_or(0.0) / 1e6,
        0.0,
        0.0,
        between(*sent_us, *first_byte_us),
        between(*first_byte_us, Some(*done_us)),
        status.unwrap_or(0),
        sent_us.unwrap_or(0.0) / 1e6,
    )
}

fn histogram(bars: &[Bar]) -> String {
    let Some(most) = bars.iter().map(|bar| bar.count).max() else { return String::new() };
    let mut text = "\nResponse time histogram:\n".to_owned();
    for Bar { up_to_ms, count } in bars {
        let bar = "■".repeat((count * BAR_WIDTH + most / 2) / most.max(1));
        let _ = writeln!(text, "  {:.3} [{count}]\t|{bar}", up_to_ms / 1e3);
    }
    text
}

fn distribution(title: &str, latency: Option<&Latency>) -> String {
    let Some(latency) = latency else { return String::new() };
    let Latency { p10, p25, p50, p75, p90, p95, p99, .. } = *latency;
    let mut text = format!("\n{title}:\n");
    for (percent, ms) in [(10, p10), (25, p25), (50, p50), (75, p75), (90, p90), (95, p95), (99, p99)] {
        let _ = writeln!(text, "  {percent}% in {} secs", secs(ms));
    }
    text
}

fn counts(burst: &Burst) -> String {
    let mut text = String::new();
    if !burst.statuses.is_empty() {
        text += "\nStatus code distribution:\n";
        for (status, count) in &burst.statuses {
            let _ = writeln!(text, "  [{status}]\t{count} responses");
        }
    }
    if !burst.errors.is_empty() {
        text += "\nError distribution:\n";
        for (error, count) in &burst.errors {
            let _ = writeln!(text, "  [{count}]\t{error}");
        }
    }
    text
}

fn secs(ms: f64) -> String {
    format!("{:.4}", ms / 1e3)
}

#[cfg(test)]
mod tests {
    use judge::aggregate::Aggregate;
    use judge::schedule::Schedule;
    use judge::trace::{ErrorKind, Fault, Outcome, Row, Trace};
    use judge::verdict::{Kind, Verdict};

    use super::*;

    /// Ten requests at a pool of four. One timed out and one was refused.
    fn burst() -> Burst {
        let rows = (0..10).map(|i| {
            let done_us = (i / 4 + 1) as f64 * 1e6;
            let outcome = match i {
                8 => Outcome::Answered(503),
                9 => Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer within 3 s")),
                _ => Outcome::Answered(200),
            };
            Row {
                i,
                connect_us: Some(200.0),
                planned_us: Some(0.0),
                sent_us: Some(100.0),
                first_byte_us: (i < 9).then_some(done_us - 1_000.0),
                done_us,
                outcome,
                ..Row::default()
            }
        });
        let trace = Trace::new(Schedule::together(10), 1e3, rows.collect());
        let verdict = Verdict::of(Kind::Limited);
        Burst::new("http://a/".into(), "a".into(), &trace.schedule, &trace, Aggregate::default(), verdict)
    }

    #[test]
    fn the_summary_has_heys_format_and_the_right_numbers() {
        let bar = "■".repeat(BAR_WIDTH);
        let empty: String =
            (2..10).map(|i| format!("  {:.3} [0]\t|\n", 0.9999 + 0.1 * f64::from(i))).collect();
        let expected = format!(
            "\nSummary:\n  Total:\t3.0000 secs\n  Slowest:\t1.9999 secs\n  Fastest:\t0.9999 secs\n  Average:\t1.4999 secs\n  \
             Requests/sec:\t2.6667\n  (2 failed, not in the times and the requests/sec)\n\n\
             Response time histogram:\n  1.100 [4]\t|{bar}\n{empty}  2.000 [4]\t|{bar}\n\n\
             Latency distribution:\n  10% in 0.9999 secs\n  25% in 0.9999 secs\n  50% in 0.9999 secs\n  75% in 1.9999 secs\n  \
             90% in 1.9999 secs\n  95% in 1.9999 secs\n  99% in 1.9999 secs\n\n\
             Details (average, fastest, slowest):\n  DNS+dialup:\t0.0002 secs, 0.0002 secs, 0.0002 secs\n  \
             resp wait:\t1.4989 secs, 0.9989 secs, 1.9989 secs\n  resp read:\t0.0010 secs, 0.0010 secs, 0.0010 secs\n\n\
             Status code distribution:\n  [200]\t8 responses\n  [503]\t1 responses\n\n\
             Error distribution:\n  [1]\tno answer within 3 s\n"
        );
        assert_eq!(summary(&burst()), expected);
    }

    #[test]
    fn a_burst_without_good_answers_has_counts_and_no_times() {
        let mut burst = burst();
        (burst.latency_ms, burst.parts_ms, burst.latency_histogram) = (None, None, Vec::new());
        let text = summary(&burst);
        assert!(
            !text.contains("Fastest") && !text.contains("Latency") && text.contains("[503]\t1 responses")
        );
    }

    #[test]
    fn the_csv_has_heys_columns_and_the_failures() {
        let text = csv([burst()].iter());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 11);
        assert_eq!(lines[0], COLUMNS);
        assert_eq!(lines[1], "0.999900,0.000200,0.000000,0.000000,0.998900,0.001000,200,0.000100");
        assert_eq!(lines[10], "2.999900,0.000200,0.000000,0.000000,0.000000,0.000000,0,0.000100");
    }
}
