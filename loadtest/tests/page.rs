//! The HTML report in a real browser. Needs `scripts/peers.sh chromium axe`.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use results::document::{Burst, Document};
use results::summary::overview::Overview;
use serde_json::Value;

use common::peers::installed;

/// A script that reads the rendered page, and writes its observations into the page.
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
  const observed = {
    bursts,
    faults,
    wider: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    external: performance.getEntriesByType("resource").map((entry) => entry.name),
    downloaded: JSON.parse(await (await json()).text()),
  };
  const place = document.createElement("pre");
  place.id = "probe";
  place.textContent = JSON.stringify(observed);
  document.body.append(place);
})().catch((error) => console.error(error));
"#;

/// Opens the page in a browser. Returns the document and the browser's standard error.
fn opened(page: &Path, width: u32) -> (String, String) {
    opened_for(page, width, 20)
}

/// Opens the page for this number of seconds of the page's virtual time.
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

/// Asserts that the unmodified page opens without console messages.
fn assert_opens_silently(page: &Path) {
    let (dom, stderr) = opened(page, 1280);
    assert!(dom.contains("</footer>"), "the complete page");
    assert!(!stderr.contains("CONSOLE"), "{stderr}");
}

/// Returns the observations of the script. `is_dark` selects the dark colour scheme.
fn probed(page: &Path, width: u32, is_dark: bool) -> Value {
    let axe = fs::read_to_string(installed("axe/axe.min.js", "axe")).unwrap();
    let source = fs::read_to_string(page).unwrap();
    let policy = source.find("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    let end = policy + source[policy..].find('>').unwrap() + 1;
    let mut html = format!("{}{}", &source[..policy], &source[end..]);
    if is_dark {
        let scheme = "@media (prefers-color-scheme: dark)";
        assert!(html.contains(scheme));
        html = html.replace(scheme, "@media all");
    }
    let html = html.replace("</body>", &format!("<script>{axe}</script><script>{PROBE}</script></body>"));
    let copy = page.with_file_name(format!("probed-{width}-{is_dark}.html"));
    fs::write(&copy, html).unwrap();
    const ELEMENT: &str = "<pre id=\"probe\">";
    // Virtual time doesn't wait for the decompression, which runs on another thread: it may end before.
    let open = |seconds: u32| opened_for(&copy, width, seconds);
    let (mut dom, mut stderr) = open(20);
    for seconds in [60, 180, 600] {
        if !dom.contains(ELEMENT) && !stderr.contains("CONSOLE") {
            (dom, stderr) = open(seconds);
        }
    }
    let start = dom.find(ELEMENT).unwrap_or_else(|| panic!("no probe: {stderr}")) + ELEMENT.len();
    let text = &dom[start..start + dom[start..].find("</pre>").unwrap()];
    let text =
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

/// The bursts in the order of the page's charts.
fn charted(document: &Document) -> Vec<&Burst> {
    let rows = Overview::new(document).rows;
    rows.into_iter().flat_map(|row| row.cells).flatten().map(|cell| cell.median).collect()
}

fn shares(value: &Value) -> [f64; 2] {
    [value[0].as_f64().unwrap(), value[1].as_f64().unwrap()]
}

/// Asserts that the bars are at the positions of the data, up to the width of a pixel and the least width of a bar.
fn assert_shows(probe: &Value, document: &Document, max_bars: usize) {
    let near = |share: f64, us: f64, end_us: f64| (share - us / end_us).abs() < 0.004;
    let bursts = charted(document);
    let charts = probe["bursts"].as_array().unwrap();
    assert_eq!(charts.len(), bursts.len());
    for (chart, burst) in charts.iter().zip(bursts) {
        let end_us = results::chart::end_us(burst);
        assert!((chart["end_us"].as_f64().unwrap() - end_us).abs() < 1.0);
        let bars = results::chart::bars(burst, max_bars);
        let shown = chart["bars"].as_array().unwrap();
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

fn assert_sound(probe: &Value) {
    assert_eq!(probe["faults"], serde_json::json!([]), "axe-core");
    assert_eq!(probe["external"], serde_json::json!([]));
    assert_eq!(probe["wider"], false, "the page must not scroll horizontally");
}

#[test]
fn the_report_of_a_run_shows_its_data() {
    common::build();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = common::output(&["run", "--setup", "3,7", "--time-scale", "0.05", "--out", out]);
    let page = folder.path().join("report.html");
    assert!(page.exists(), "{}", common::stderr(&output));
    assert_opens_silently(&page);
    let document = common::result(folder.path());
    for (width, is_dark) in [(1280, false), (360, false), (1280, true)] {
        let probe = probed(&page, width, is_dark);
        assert_sound(&probe);
        assert_shows(&probe, &document, 120);
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
    assert_opens_silently(&page);
    let document = common::result(folder.path());
    let probe = probed(&page, 1280, false);
    assert_sound(&probe);
    assert_shows(&probe, &document, 120);
    assert_eq!(serde_json::from_value::<Document>(probe["downloaded"].clone()).unwrap(), document);
}

#[test]
fn the_report_of_an_audit_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let document = results::document::sample::audit();
    fs::write(&page, loadtest::report::html::page(&document).unwrap()).unwrap();
    assert_opens_silently(&page);
    for (width, is_dark) in [(1280, false), (360, false), (1280, true)] {
        let probe = probed(&page, width, is_dark);
        assert_sound(&probe);
        assert_eq!(serde_json::from_value::<Document>(probe["downloaded"].clone()).unwrap(), document);
    }
}

#[test]
fn a_hostile_result_runs_no_script() {
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
    assert_opens_silently(&page);
    let probe = probed(&page, 1280, false);
    assert_sound(&probe);
    assert_eq!(probe["downloaded"]["command"], evil);
}
