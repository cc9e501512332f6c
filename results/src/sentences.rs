//! A result in sentences, which several formats share.

use std::fmt::Write;

use judge::trace::Http2;
use judge::units;
use judge::verdict::{Kind, Verdict};

use crate::document::{Burst, Document, HIDDEN, SystemUsage, Usage, quoted, without_password};
use crate::summary::columns;

/// Returns the sentences about a burst: explanation, remedy, caveats, numbers.
pub fn burst(burst: &Burst) -> Vec<String> {
    let others = [
        burst.verdict.remedy.clone(),
        unsent(burst),
        slow_connects(burst),
        counted_only(burst),
        Some(numbers(burst)),
    ];
    explanation(burst).into_iter().chain(others.into_iter().flatten()).collect()
}

/// Returns the sentences that explain a verdict: what was measured, the mechanism, the alternatives.
pub fn explanation(burst: &Burst) -> Vec<String> {
    let why = Some(burst.verdict.why.clone()).filter(|why| !why.is_empty());
    why.into_iter().chain(burst.verdict.mechanism_sentences()).collect()
}

/// Returns the command that finds the mechanism by experiments, if the burst leaves several of them open. `flags` are those for the
/// burst's request, if they are known.
pub fn diagnose_hint(burst: &Burst, flags: Option<&[String]>) -> Option<String> {
    let Verdict { mechanism, alternatives, kind, .. } = &burst.verdict;
    let is_open = match mechanism {
        Some(mechanism) => !mechanism.or.is_empty(),
        None => alternatives.len() > 1 || *kind == Kind::Inconclusive && !alternatives.is_empty(),
    };
    let words = flags.unwrap_or_default().iter().cloned();
    let command: Vec<String> = words.chain([quoted(&without_password(&burst.url))]).collect();
    let command = command.join(" ");
    let note = match flags {
        None => " (with the burst's flags for the request, such as -H)".to_owned(),
        Some(_) if command.contains(HIDDEN) => format!("\nReplace each {HIDDEN} by the value that it hides."),
        Some(_) => String::new(),
    };
    is_open.then(|| format!("Experiments find the mechanism: loadtest diagnose {command}{note}"))
}

fn unsent(burst: &Burst) -> Option<String> {
    (burst.unsent > 0).then(|| {
        format!(
            "{} requests were due before the end but never sent, because no connection was free. They are missing from the \
             latency from the planned send, which is too low. Use more connections or a lower rate.",
            burst.unsent
        )
    })
}

/// The kernel sends a dropped SYN again after a second, then after longer and longer times.
const SYN_RETRY_MS: f64 = 1e3;

/// Returns what made connections slow. Other tools' times of connecting may include more, such as the resolution of the name.
fn slow_connects(burst: &Burst) -> Option<String> {
    let is_own = burst.start_unix_us.is_some();
    let slowest = burst.parts_ms.as_ref().map(|parts| parts.connect.max);
    let slowest = slowest.filter(|slowest| is_own && *slowest >= SYN_RETRY_MS)?;
    let causes = match burst.url.starts_with("https:") {
        true => "The usual causes are slow TLS handshakes and a full listen backlog",
        false => "The usual cause is a full listen backlog",
    };
    let latency = match burst.requests.iter().any(|request| request.connects) {
        true => "This time is part of the latencies.",
        false => "This time is not part of the latencies.",
    };
    Some(format!(
        "Opening a connection took up to {}. {causes}: if a server accepts connections too slowly, the kernel drops requests to \
         connect, and sends them again after a second. {latency}",
        units::time(slowest)
    ))
}

fn counted_only(burst: &Burst) -> Option<String> {
    if burst.is_summary() {
        return Some(
            "The counts and times above are those of the summary; times between those that it has are interpolated."
                .to_owned(),
        );
    }
    (burst.counted_only > 0).then(|| {
        format!(
            "The verdict covers the first {} requests. The counts and times above include {} more requests, with a precision \
             of three digits. --max-rows keeps more requests.",
            burst.requests.len(),
            burst.counted_only
        )
    })
}

/// Returns the numbers of a burst in a sentence.
fn numbers(burst: &Burst) -> String {
    let connections = match burst.http2 {
        Some(Http2 { connections, streams_each }) => {
            let limit = streams_each.map_or("no limit".to_owned(), |limit| format!("a limit of {limit}"));
            let plural = if connections == 1 { "" } else { "s" };
            format!(
                ", {} at a time, over {connections} HTTP/2 connection{plural} (with {limit} to the streams on each)",
                burst.c
            )
        }
        None => format!(" over {} connection{}", burst.c, if burst.c == 1 { "" } else { "s" }),
    };
    let refused = match burst.refused {
        0 => String::new(),
        refused => format!(" ({refused} refused)"),
    };
    let sends = match burst.is_summary() {
        true => String::new(),
        false => format!(", sends up to {} late", units::time(burst.start_skew_us / 1e3)),
    };
    format!(
        "{}{connections}: {} answered, {} failed{refused}; makespan {}{sends}",
        units::requests(burst.n),
        burst.ok,
        burst.failed,
        units::time(burst.makespan_ms),
    )
}

/// Returns a sentence for each system: its memory and processor time, the maximum of all rounds.
pub fn usage(document: &Document) -> String {
    let mut text = String::new();
    for column in columns(document) {
        let is_in_column = |usage: &&SystemUsage| {
            usage.system == column.system && usage.manifest.as_deref() == column.manifest
        };
        let systems = || document.systems.iter().filter(is_in_column);
        let used: Vec<_> = systems().map(|system| system.usage).collect();
        let version = systems().find_map(|system| system.version.as_deref());
        let version = version.map_or(String::new(), |version| format!(" {version}"));
        let max = |value: fn(&Usage) -> f64| used.iter().map(value).fold(0.0, f64::max);
        if !used.is_empty() {
            let manifest = column.manifest.map_or(String::new(), |manifest| format!(" ({manifest})"));
            let _ = write!(
                text,
                "{}{version}{manifest} used at most {:.0} MiB of memory and {} of processor time. ",
                column.system,
                max(|usage| usage.memory_peak_mib),
                units::time(max(|usage| usage.cpu_s) * 1e3),
            );
        }
    }
    text
}

/// Returns the load of the generator; for an imported result, its files and what they lack.
pub fn generator(document: &Document) -> String {
    let (source, lacks) = match &document.source {
        Some(source) => {
            let files = source.files.join(", ");
            (format!("Imported from {} ({}): {files}. ", source.tool, source.format), source.lacks.join(" "))
        }
        None => Default::default(),
    };
    if document.foreign().is_some() {
        return source + &lacks;
    }
    let generator = &document.generator;
    format!(
        "{source}{lacks}{}The load generator used at most {:.0} % of the processors; its timers were {} late (p99).",
        if lacks.is_empty() { "" } else { " " },
        generator.cpu * 100.0,
        units::time(generator.lag_p99_us / 1e3),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::sample;

    #[test]
    fn slow_connecting_is_told() {
        let burst = |max: f64| {
            let mut burst = Burst { start_unix_us: Some(0), ..sample::waves() };
            burst.parts_ms.as_mut().unwrap().connect.max = max;
            burst
        };
        assert_eq!(slow_connects(&burst(300.0)), None);
        let told = slow_connects(&burst(1030.0)).unwrap();
        assert!(told.contains("up to 1.03 s. The usual cause is a full listen backlog"), "{told}");
        assert!(told.contains("is not part of"), "{told}");
        let mut over_tls = Burst { url: "https://a/".to_owned(), ..burst(1030.0) };
        over_tls.requests[0].connects = true;
        let told = slow_connects(&over_tls).unwrap();
        assert!(told.contains("slow TLS handshakes and") && told.contains("is part of"), "{told}");
        let of_another_tool = Burst { start_unix_us: None, ..burst(1030.0) };
        assert_eq!(slow_connects(&of_another_tool), None);
    }

    #[test]
    fn the_hint_has_the_flags_of_the_burst() {
        let hint = |flags: Option<&[&str]>| {
            let flags = flags.map(|flags| flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
            diagnose_hint(&sample::open(), flags.as_deref()).unwrap()
        };
        let url = "http://127.0.0.1:3000/open";
        assert!(hint(Some(&[])).ends_with(&format!("loadtest diagnose {url}")));
        assert!(hint(Some(&["-m", "POST"])).ends_with(&format!("diagnose -m POST {url}")));
        assert!(hint(Some(&["-H", "'***'"])).contains(&format!("-H '***' {url}\nReplace each ***")));
        assert!(hint(None).ends_with(&format!("{url} (with the burst's flags for the request, such as -H)")));
        assert_eq!(diagnose_hint(&sample::together(), None), None);
    }
}
