//! Exports the setups as a k6 script. `loadtest analyze` reads its results.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use results::import::k6::REPLY_METRIC;
use results::threshold::Threshold;
use serde::Serialize;

use crate::plan::{PlannedBurst, Setup};
use crate::runner::baseline;

/// The pause after the latest possible end of a setup, in milliseconds, in which idle instances expire.
const PAUSE_MS: f64 = 5_000.0;
/// The time limit of a burst is the time of sequential service times this factor, plus the pause.
const TIMEOUT_FACTOR: f64 = 1.2;

/// The template of the script.
#[derive(Template)]
#[template(path = "k6.js", escape = "none")]
struct Script {
    headline: String,
    base_url: String,
    bursts: String,
    solo_ms: u64,
    most_solos: usize,
    solo_time_ms: u128,
    enough_ms: u128,
    reply: &'static str,
    thresholds: String,
    unsupported: Vec<String>,
}

/// A burst in the script. Times are in milliseconds.
#[derive(Serialize)]
struct Burst {
    name: String,
    setup: String,
    endpoint: String,
    path: String,
    warm_up: String,
    n: usize,
    spacing: f64,
    release: f64,
    timeout: f64,
}

/// Returns the script of `setups`, with all waits multiplied by `time_scale`, for an application at `base_url`. The
/// expectations that k6 can check become thresholds.
///
/// # Errors
///
/// If the script can't be rendered, which no setup causes.
pub fn script(
    setups: &[Setup],
    time_scale: f64,
    base_url: &str,
    expected: &[Threshold],
) -> anyhow::Result<String> {
    let bursts = bursts(setups, time_scale);
    let (thresholds, unsupported) = thresholds(&bursts, expected);
    let ids: Vec<&str> = setups.iter().map(|setup| setup.id.as_str()).collect();
    let scale = if time_scale == 1.0 { String::new() } else { format!(", waits times {time_scale}") };
    let solo: BTreeMap<&str, f64> = bursts.iter().map(|burst| (burst.path.as_str(), burst.timeout)).collect();
    // The last request of an endpoint starts within the time for its solo requests.
    let solo_ms: f64 = solo.values().map(|timeout| timeout + baseline::MAX_TIME.as_secs_f64() * 1e3).sum();
    let script = Script {
        headline: format!(
            "Setups {} of loadtest {}{scale}, written by `loadtest export k6`.",
            ids.join(", "),
            env!("CARGO_PKG_VERSION")
        ),
        base_url: escaped(base_url)?,
        bursts: serde_json::to_string_pretty(&bursts)?,
        solo_ms: solo_ms.ceil() as u64,
        most_solos: baseline::MOST,
        solo_time_ms: baseline::MAX_TIME.as_millis(),
        enough_ms: baseline::ENOUGH.as_millis(),
        reply: REPLY_METRIC,
        thresholds: serde_json::to_string_pretty(&thresholds)?.replace('\n', "\n  "),
        unsupported,
    };
    Ok(script.render()?)
}

/// Escapes text for a string or a comment of JavaScript.
fn escaped(text: &str) -> anyhow::Result<String> {
    let quoted = serde_json::to_string(text)?.replace('\'', "\\u0027");
    Ok(quoted.trim_matches('"').to_owned())
}

/// Returns the bursts of the setups, one setup after the other. Each setup has enough time for sequential service.
fn bursts(setups: &[Setup], time_scale: f64) -> Vec<Burst> {
    let mut bursts = Vec::new();
    let mut start = 0.0;
    for setup in setups {
        let mut end: f64 = start;
        for (index, planned) in setup.bursts.iter().enumerate() {
            let burst = burst(setup, index, planned, time_scale, start);
            end = end.max(burst.release + burst.timeout);
            bursts.push(burst);
        }
        start = end + PAUSE_MS;
    }
    bursts
}

fn burst(setup: &Setup, index: usize, planned: &PlannedBurst, time_scale: f64, start: f64) -> Burst {
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let schedule = planned.schedule(time_scale);
    let wait = ms(planned.wait(time_scale));
    let endpoint = planned.endpoint();
    // At full scale the wait of the manifest applies.
    let query = if time_scale == 1.0 { String::new() } else { format!("?wait_ms={}", wait as u64) };
    Burst {
        name: format!(
            "setup_{}_{}_{}",
            setup.id,
            index + 1,
            endpoint.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        ),
        setup: setup.id.clone(),
        path: format!("{}{query}", planned.path),
        warm_up: format!("{}?wait_ms=0", planned.path),
        n: schedule.n,
        spacing: ms(schedule.spacing),
        release: start + ms(schedule.delay),
        timeout: (wait * schedule.n as f64 * TIMEOUT_FACTOR + PAUSE_MS).ceil(),
        endpoint,
    }
}

/// Returns k6's thresholds by metric, and a sentence for each expectation that k6 can't check.
fn thresholds(bursts: &[Burst], expected: &[Threshold]) -> (BTreeMap<String, BTreeSet<String>>, Vec<String>) {
    let mut thresholds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut unsupported = Vec::new();
    for threshold in expected {
        let Some((metric, condition)) =
            threshold.measure().and_then(|(name, sign, value)| k6_threshold(name, sign, value))
        else {
            unsupported.push(format!("k6 can't check this; `loadtest analyze --expect '{threshold}'` can."));
            continue;
        };
        for burst in bursts.iter().filter(|burst| threshold.applies_to(&burst.endpoint)) {
            let metric = format!("{metric}{{phase:burst,setup:{},endpoint:{}}}", burst.setup, burst.endpoint);
            thresholds.entry(metric).or_default().insert(condition.clone());
        }
    }
    (thresholds, unsupported)
}

/// Returns k6's metric and condition for a measure; `None` if k6 doesn't have it.
fn k6_threshold(measure: &str, sign: &str, value: f64) -> Option<(&'static str, String)> {
    let sign = if sign == "=" { "==" } else { sign };
    let aggregation = match measure {
        "min" => "min".to_owned(),
        "mean" => "avg".to_owned(),
        "max" => "max".to_owned(),
        // k6 has the share of failed requests, not their number; both are 0 at the same time.
        "failed" if value == 0.0 => return Some(("http_req_failed", format!("rate{sign}0"))),
        percentile => format!("p({})", percentile.strip_prefix('p')?.parse::<u8>().ok()?),
    };
    Some(("http_req_duration", format!("{aggregation}{sign}{value}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;

    #[test]
    fn setups_never_overlap() {
        let bursts = bursts(&plan::built_in(&crate::targets::names()).unwrap(), 1.0);
        for pair in bursts.windows(2).filter(|pair| pair[0].setup != pair[1].setup) {
            assert!(pair[1].release >= pair[0].release + pair[0].timeout + PAUSE_MS, "{}", pair[1].name);
        }
        let names: BTreeSet<&str> = bursts.iter().map(|burst| burst.name.as_str()).collect();
        assert_eq!(names.len(), bursts.len(), "each burst has its own scenario");
    }

    #[test]
    fn expectations_become_thresholds_or_comments() {
        let setups =
            plan::select(plan::built_in(&crate::targets::names()).unwrap(), &["2".to_owned()]).unwrap();
        let expected: Vec<Threshold> =
            ["p99<1200ms", "failed=0", "e1-p2: mean<=2s", "parallel", "makespan<2s"]
                .map(|text| text.parse().unwrap())
                .to_vec();
        let (thresholds, unsupported) = thresholds(&bursts(&setups, 1.0), &expected);
        let tags = "{phase:burst,setup:2,endpoint:e1-p2}";
        assert_eq!(
            serde_json::to_value(&thresholds).unwrap(),
            serde_json::json!({
                format!("http_req_duration{tags}"): ["avg<=2000", "p(99)<1200"],
                format!("http_req_failed{tags}"): ["rate==0"],
            })
        );
        assert_eq!(unsupported.len(), 2, "{unsupported:?}");
    }

    #[test]
    fn the_script_of_fixed_setups_is_unchanged() {
        let setups = plan::select(
            plan::built_in(&crate::targets::names()).unwrap(),
            &["3".to_owned(), "7".to_owned()],
        )
        .unwrap();
        let expected = ["failed=0", "sequential"].map(|text| text.parse().unwrap());
        let script = script(&setups, 0.5, "http://127.0.0.1:3000", &expected).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        insta::assert_snapshot!(script.replace(version, "VERSION"));
    }

    #[test]
    fn a_url_is_escaped() {
        let script =
            script(&plan::built_in(&crate::targets::names()).unwrap(), 1.0, "http://a/'+alert()+'\n\"x", &[])
                .unwrap();
        assert!(!script.contains("'+alert") && !script.contains("\n\"x"), "{script}");
    }
}
