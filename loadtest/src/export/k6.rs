//! The setups as a k6 script, whose points `loadtest analyze` reads.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use results::import::k6::REPLY;
use results::threshold::Threshold;
use serde::Serialize;

use crate::plan::{PlannedBurst, Setup};

/// Between the latest end of a setup and the next one: instances that idle are gone by then.
const GAP_MS: f64 = 5_000.0;
/// How much longer than one after the other a burst may take.
const PATIENCE: f64 = 1.2;

/// The script.
#[derive(Template)]
#[template(path = "k6.js", escape = "none")]
struct Script {
    headline: String,
    base_url: String,
    bursts: String,
    solo_ms: u64,
    reply: &'static str,
    thresholds: String,
    unsaid: Vec<String>,
}

/// A burst, as the script has it. Times are in milliseconds.
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
    longest: f64,
}

/// `setups` as a script, all waits multiplied by `time_scale`, for what is served at `base_url`; of `expected`
/// what k6 can check becomes a threshold.
///
/// # Errors
///
/// None that setups could cause.
pub fn script(
    setups: &[Setup],
    time_scale: f64,
    base_url: &str,
    expected: &[Threshold],
) -> anyhow::Result<String> {
    let bursts = bursts(setups, time_scale);
    let (thresholds, unsaid) = thresholds(&bursts, expected);
    let ids: Vec<&str> = setups.iter().map(|setup| setup.id.as_str()).collect();
    let scale = if time_scale == 1.0 { String::new() } else { format!(", waits times {time_scale}") };
    let alone: BTreeMap<&str, f64> =
        bursts.iter().map(|burst| (burst.path.as_str(), burst.longest)).collect();
    let script = Script {
        headline: format!(
            "Setups {} of loadtest {}{scale}, written by `loadtest export k6`.",
            ids.join(", "),
            env!("CARGO_PKG_VERSION")
        ),
        base_url: escaped(base_url)?,
        bursts: serde_json::to_string_pretty(&bursts)?,
        solo_ms: alone.values().sum::<f64>().ceil() as u64,
        reply: REPLY,
        thresholds: serde_json::to_string_pretty(&thresholds)?.replace('\n', "\n  "),
        unsaid,
    };
    Ok(script.render()?)
}

/// As it stands between quotes of JavaScript, and in a comment.
fn escaped(text: &str) -> anyhow::Result<String> {
    let quoted = serde_json::to_string(text)?.replace('\'', "\\u0027");
    Ok(quoted.trim_matches('"').to_owned())
}

/// One setup after the other: each may take as long as it takes one request at a time.
fn bursts(setups: &[Setup], time_scale: f64) -> Vec<Burst> {
    let mut bursts = Vec::new();
    let mut begins = 0.0;
    for setup in setups {
        let mut ends: f64 = begins;
        for (index, planned) in setup.bursts.iter().enumerate() {
            let burst = burst(setup, index, planned, time_scale, begins);
            ends = ends.max(burst.release + burst.longest);
            bursts.push(burst);
        }
        begins = ends + GAP_MS;
    }
    bursts
}

fn burst(setup: &Setup, index: usize, planned: &PlannedBurst, time_scale: f64, begins: f64) -> Burst {
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let schedule = planned.schedule(time_scale);
    let wait = ms(planned.wait(time_scale));
    let endpoint = endpoint::name_of(&planned.path);
    // At full scale the wait is the one that the manifest gives.
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
        release: begins + ms(schedule.delay),
        longest: (wait * schedule.n as f64 * PATIENCE + GAP_MS).ceil(),
        endpoint,
    }
}

/// As k6 has them, by the metric of each burst; and what it can't say, in words.
fn thresholds(bursts: &[Burst], expected: &[Threshold]) -> (BTreeMap<String, BTreeSet<String>>, Vec<String>) {
    let mut thresholds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut unsaid = Vec::new();
    for threshold in expected {
        let Some((metric, condition)) =
            threshold.measure().and_then(|(name, sign, value)| in_k6(name, sign, value))
        else {
            unsaid.push(format!("k6 can't check this; `loadtest analyze --expect '{threshold}'` does."));
            continue;
        };
        for burst in bursts.iter().filter(|burst| threshold.is_for(&burst.endpoint)) {
            let metric = format!("{metric}{{phase:burst,setup:{},endpoint:{}}}", burst.setup, burst.endpoint);
            thresholds.entry(metric).or_default().insert(condition.clone());
        }
    }
    (thresholds, unsaid)
}

/// A metric of k6's, and what it is to be.
fn in_k6(measure: &str, sign: &str, value: f64) -> Option<(&'static str, String)> {
    let sign = if sign == "=" { "==" } else { sign };
    let aggregation = match measure {
        "min" => "min".to_owned(),
        "mean" => "avg".to_owned(),
        "max" => "max".to_owned(),
        // A count of none is a share of none.
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
    fn setups_follow_each_other_and_never_meet() {
        let bursts = bursts(&plan::built_in(&crate::targets::names()).unwrap(), 1.0);
        for pair in bursts.windows(2).filter(|pair| pair[0].setup != pair[1].setup) {
            assert!(pair[1].release >= pair[0].release + pair[0].longest + GAP_MS, "{}", pair[1].name);
        }
        let names: BTreeSet<&str> = bursts.iter().map(|burst| burst.name.as_str()).collect();
        assert_eq!(names.len(), bursts.len(), "a scenario each");
    }

    #[test]
    fn what_k6_can_check_is_a_threshold_and_the_rest_is_said() {
        let setups =
            plan::select(plan::built_in(&crate::targets::names()).unwrap(), &["2".to_owned()]).unwrap();
        let expected: Vec<Threshold> =
            ["p99<1200ms", "failed=0", "e1-p2: mean<=2s", "parallel", "makespan<2s"]
                .map(|text| text.parse().unwrap())
                .to_vec();
        let (thresholds, unsaid) = thresholds(&bursts(&setups, 1.0), &expected);
        let tags = "{phase:burst,setup:2,endpoint:e1-p2}";
        assert_eq!(
            serde_json::to_value(&thresholds).unwrap(),
            serde_json::json!({
                format!("http_req_duration{tags}"): ["avg<=2000", "p(99)<1200"],
                format!("http_req_failed{tags}"): ["rate==0"],
            })
        );
        assert_eq!(unsaid.len(), 2, "{unsaid:?}");
    }

    #[test]
    fn a_script_is_as_it_was() {
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
    fn an_address_is_no_code() {
        let script =
            script(&plan::built_in(&crate::targets::names()).unwrap(), 1.0, "http://a/'+alert()+'\n\"x", &[])
                .unwrap();
        assert!(!script.contains("'+alert") && !script.contains("\n\"x"), "{script}");
    }
}
