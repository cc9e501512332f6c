//! The HTML report in a real browser. Needs `scripts/peers.sh chromium axe`.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use results::chart;
use results::document::{Burst, Document};
use results::summary::overview::Overview;
use serde_json::Value;

use common::peers::installed;

/// Reads the page as it stands on the screen, and writes what it read into it.
const PROBE: &str = r#"
(async () => {
  const share = (part, whole) => [(part.left - whole.left) / whole.width, (part.right - whole.left) / whole.width];
  const bursts = [...document.querySelectorAll("svg.bars")].map((svg) => {
    const whole = svg.getBoundingClientRect();
    return {
      end_us: Number(svg.dataset.endUs),
      bars: [...svg.querySelectorAll("g")].map((bar) => {
        const inside = bar.querySelector(".inside");
        return {
          i: Number(bar.dataset.i),
          count: Number(bar.dataset.count),
          whole: share(bar.querySelector(".whole").getBoundingClientRect(), whole),
          inside: inside && share(inside.getBoundingClientRect(), whole),
        };
      }),
    };
  });
  const faults = (await axe.run(document)).violations.map((fault) => [fault.id, fault.nodes.map((node) => node.html)]);
  const said = {
    bursts,
    faults,
    wider: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    from_elsewhere: performance.getEntriesByType("resource").map((entry) => entry.name),
    downloaded: JSON.parse(await (await json()).text()),
  };
  const place = document.createElement("pre");
  place.id = "probe";
  place.textContent = JSON.stringify(said);
  document.body.append(place);
})().catch((error) => console.error(error));
"#;

/// The page's document and what the browser wrote on standard error.
fn opened(page: &Path, width: u32) -> (String, String) {
    opened_for(page, width, 20)
}

/// The same, looked at after so many seconds of the page's own time.
fn opened_for(page: &Path, width: u32, seconds: u32) -> (String, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(installed("bin/chromium", "chromium"))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"])
        .arg(format!("--virtual-time-budget={}", seconds * 1_000))
        .arg(format!("--user-data-dir={}", home.path().display()))
        .arg(format!("--window-size={width},900"))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Opens the page as it is, and looks for complaints.
fn opens_in_silence(page: &Path) {
    let (dom, said) = opened(page, 1280);
    assert!(dom.contains("</footer>"), "the whole page");
    assert!(!said.contains("CONSOLE"), "{said}");
}

/// What the probe says; `is_dark` as for one who prefers it.
fn probed(page: &Path, width: u32, is_dark: bool) -> Value {
    let axe = fs::read_to_string(installed("axe/axe.min.js", "axe")).unwrap();
    let html = fs::read_to_string(page).unwrap();
    let policy = html.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let end = policy + html[policy..].find('>').unwrap() + 1;
    let mut open = format!("{}{}", &html[..policy], &html[end..]);
    if is_dark {
        let scheme = "@media (prefers-color-scheme: dark)";
        assert!(open.contains(scheme));
        open = open.replace(scheme, "@media all");
    }
    let open = open.replace("</body>", &format!("<script>{axe}</script><script>{PROBE}</script></body>"));
    let copy = page.with_file_name(format!("probed-{width}-{is_dark}.html"));
    fs::write(&copy, open).unwrap();
    const PLACE: &str = "<pre id=\"probe\">";
    // The page's time doesn't wait for what is unpacked on another thread: it may be over before that is done.
    let look = |seconds: u32| opened_for(&copy, width, seconds);
    let (mut dom, mut said) = look(20);
    for seconds in [60, 180, 600] {
        if !dom.contains(PLACE) && !said.contains("CONSOLE") {
            (dom, said) = look(seconds);
        }
    }
    let start = dom.find(PLACE).unwrap_or_else(|| panic!("no probe: {said}")) + PLACE.len();
    let text = &dom[start..start + dom[start..].find("</pre>").unwrap()];
    let text =
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

/// The bursts in the order in which the page draws them.
fn drawn(document: &Document) -> Vec<&Burst> {
    let rows = Overview::new(document).rows;
    rows.into_iter().flat_map(|row| row.cells).flatten().map(|cell| cell.median).collect()
}

fn shares(value: &Value) -> [f64; 2] {
    [value[0].as_f64().unwrap(), value[1].as_f64().unwrap()]
}

/// Bars are where the data say, to within what a pixel's width and the least width of a bar allow.
fn shows(probe: &Value, document: &Document, most: usize) {
    let near = |seen: f64, us: f64, end_us: f64| (seen - us / end_us).abs() < 0.004;
    let bursts = drawn(document);
    let seen = probe["bursts"].as_array().unwrap();
    assert_eq!(seen.len(), bursts.len());
    for (seen, burst) in seen.iter().zip(bursts) {
        let end_us = chart::end_us(burst);
        assert!((seen["end_us"].as_f64().unwrap() - end_us).abs() < 1.0);
        let bars = chart::bars(burst, most);
        let shown = seen["bars"].as_array().unwrap();
        assert_eq!(shown.len(), bars.len(), "{}", burst.url);
        for (shown, bar) in shown.iter().zip(bars) {
            assert_eq!(
                (shown["i"].as_u64(), shown["count"].as_u64()),
                (Some(bar.i as u64), Some(bar.count as u64))
            );
            let [from, to] = shares(&shown["whole"]);
            assert!(near(from, bar.sent_us, end_us) && near(to, bar.done_us, end_us), "{shown} {bar:?}");
            assert_eq!(shown["inside"].is_null(), bar.handler_us.is_none());
            if let Some((entered, left)) = bar.handler_us {
                let [from, to] = shares(&shown["inside"]);
                assert!(near(from, entered, end_us) && near(to, left, end_us), "{shown} {bar:?}");
            }
        }
    }
}

fn is_sound(probe: &Value) {
    assert_eq!(probe["faults"], serde_json::json!([]), "axe-core");
    assert_eq!(probe["from_elsewhere"], serde_json::json!([]));
    assert_eq!(probe["wider"], false, "the page must not scroll sideways");
}

#[test]
fn the_report_of_a_run_shows_what_the_data_say() {
    common::build();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = common::output(&["run", "--setup", "3,7", "--time-scale", "0.05", "--out", out]);
    let page = folder.path().join("report.html");
    assert!(page.exists(), "{}", common::stderr(&output));
    opens_in_silence(&page);
    let document = common::result(folder.path());
    for (width, is_dark) in [(1280, false), (360, false), (1280, true)] {
        let probe = probed(&page, width, is_dark);
        is_sound(&probe);
        shows(&probe, &document, 120);
        assert_eq!(serde_json::from_value::<Document>(probe["downloaded"].clone()).unwrap(), document);
    }
}

#[test]
fn thousands_of_requests_are_grouped_and_can_be_downloaded() {
    let served = common::serve("spin-wasip3.toml", &[]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = format!("http://{}/e2/p3?wait_ms=100", served.authority());
    let output = common::output(&["burst", "-n", "6000", "-c", "300", "--out", out, &url]);
    let page = folder.path().join("report.html");
    assert!(page.exists(), "{}", common::stderr(&output));
    assert!(fs::metadata(&page).unwrap().len() < 2_000_000);
    opens_in_silence(&page);
    let document = common::result(folder.path());
    let probe = probed(&page, 1280, false);
    is_sound(&probe);
    shows(&probe, &document, 120);
    assert_eq!(serde_json::from_value::<Document>(probe["downloaded"].clone()).unwrap(), document);
}

#[test]
fn a_hostile_result_runs_nothing() {
    let served = common::serve("spin.toml", &[]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let url = format!("http://{}/e2/p1?wait_ms=0", served.authority());
    common::output(&["burst", "-n", "5", "-c", "5", "--out", out, &url]);
    let mut document = common::result(folder.path());
    let evil = "</script><img src=https://example.com/x onerror=\"console.error('ran')\"><script>console.error('ran')</script>";
    document.command = evil.to_owned();
    document.runs[0].bursts[0].verdict.why = evil.to_owned();
    document.runs[0].bursts[0].url = evil.to_owned();
    document.runs[0].bursts[0].requests[0].instance = Some(evil.to_owned());
    let page = folder.path().join("hostile.html");
    fs::write(&page, loadtest::report::html::page(&document).unwrap()).unwrap();
    opens_in_silence(&page);
    let probe = probed(&page, 1280, false);
    is_sound(&probe);
    assert_eq!(probe["downloaded"]["command"], evil);
}
