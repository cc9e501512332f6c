//! The HTML report, and the page for pasted results, in a real browser. Needs `scripts/peers.sh chromium axe` and
//! `scripts/paste.sh`.

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

/// Returns the observations of [`PROBE`]. `is_dark` selects the dark colour scheme.
fn probed(page: &Path, width: u32, is_dark: bool) -> Value {
    probed_by(page, width, is_dark, PROBE)
}

/// Returns the observations of a script.
fn probed_by(page: &Path, width: u32, is_dark: bool, probe: &str) -> Value {
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
    let html = html.replace("</body>", &format!("<script>{axe}</script><script>{probe}</script></body>"));
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

/// A script that judges texts in the page that judges pasted results, and uses its form as a person would.
const PASTE: &str = r#"
// The browser's virtual time passes at once while other threads decompress and compile, unless timers take time.
const clock = setInterval(() => { for (let i = 0; i < 5e6; i++) Math.sqrt(i); }, 10);
(async () => {
  const results = [];
  for (const [text, known] of CASES) {
    try {
      results.push({ json: JSON.parse((await analyze(new TextEncoder().encode(text), known)).json) });
    } catch (error) {
      results.push({ error: error.message });
    }
  }
  const shown = async (text) => {
    document.getElementById("text").value = text;
    document.getElementById("form").requestSubmit();
    const place = document.getElementById("results");
    const isShown = () => place.querySelector("article, .unmet");
    await new Promise((next) => new MutationObserver(() => isShown() && next()).observe(place, { childList: true }));
    const image = place.querySelector("img");
    if (image) await image.decode();
    return { text: place.innerText, has_timeline: image !== null && image.naturalWidth > 0 };
  };
  const refused = await shown("no result at all");
  const shown_first = await shown(CASES[0][0]);
  const faults = (await axe.run(document)).violations.map((fault) => [fault.id, fault.nodes.map((node) => node.html)]);
  const observed = {
    results, refused, shown: shown_first, faults,
    wider: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    external: performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !/^(data|blob):/.test(name)),
  };
  const place = document.createElement("pre");
  place.id = "probe";
  place.textContent = JSON.stringify(observed);
  document.body.append(place);
})().catch((error) => console.error(error)).finally(() => clearInterval(clock));
"#;

/// The page that judges pasted results. `scripts/paste.sh` writes it.
fn paste_page() -> std::path::PathBuf {
    let page = common::project().join("target/paste/paste.html");
    assert!(page.exists(), "{} is missing: run scripts/paste.sh", page.display());
    page
}

/// A result of a load generator: its name, its text, the flags of `analyze`, and the same as the page takes them.
type Pasted = (String, String, Vec<&'static str>, Value);

/// Results that list requests, and texts that are no result.
fn pasted() -> Vec<Pasted> {
    let waves = || (0..10).map(|i| (f64::from(i) * 1e-4, f64::from(i / 4 + 1) * 0.2 + f64::from(i) * 1e-3));
    let mut hey =
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
            .to_owned();
    let mut oha = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n".to_owned();
    let mut vegeta = String::new();
    for (began, took) in waves() {
        hey += &format!("{took:.4},0.0003,0.0000,0.0000,{took:.4},0.0001,200,{began:.4}\n");
        oha += &format!("{began},0.000061582,0.000262992,{took},{took},178,200\n");
        vegeta += &format!("{:.0},200,{:.0},0,10,,,0\n", (1.764e9 + began) * 1e9, took * 1e9);
    }
    let known = serde_json::json!({ "serviceMs": [200.0], "n": 10, "c": 10 });
    let flags = vec!["--service-ms", "200", "-n", "10", "-c", "10"];
    let unknown = serde_json::json!({ "serviceMs": [] });
    let cases = [
        ("hey.csv", hey.clone(), flags.clone(), known.clone()),
        ("hey.csv", hey, vec![], unknown.clone()),
        ("oha.csv", oha, flags.clone(), known.clone()),
        ("vegeta.csv", vegeta, flags, known),
        ("prose.txt", "no result at all".to_owned(), vec![], unknown.clone()),
        ("empty.txt", String::new(), vec![], unknown),
    ];
    cases.map(|(name, text, flags, known)| (name.to_owned(), text, flags, known)).into()
}

/// Summaries as the tools wrote them, each with and without a service time.
fn summaries() -> Vec<Pasted> {
    let folder = common::project().join("results/src/import/tests/summaries");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20, "{files:?}");
    let both = |file: &Path| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let unknown = serde_json::json!({ "serviceMs": [] });
        let known = serde_json::json!({ "serviceMs": [100.0] });
        [(name.clone(), text.clone(), vec![], unknown), (name, text, vec!["--service-ms", "100"], known)]
    };
    files.iter().flat_map(|file| both(file)).collect()
}

#[test]
fn pasted_results_get_the_verdicts_of_analyze() {
    let cases = Vec::from_iter(pasted().into_iter().chain(summaries()));
    let given: Vec<(&String, &Value)> = cases.iter().map(|(_, text, _, known)| (text, known)).collect();
    let script = format!("const CASES = {};{PASTE}", serde_json::to_string(&given).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("paste.html");
    fs::copy(paste_page(), &page).unwrap();
    assert_opens_silently(&page);
    let probe = probed_by(&page, 1280, false, &script);
    assert_sound(&probe);
    let refused = probe["refused"]["text"].as_str().unwrap();
    assert!(refused.starts_with("Error: the text: its format isn't known"), "{refused}");
    assert!(probe["shown"]["text"].as_str().unwrap().contains("limited, 4 at a time"), "{}", probe["shown"]);
    assert_eq!(probe["shown"]["has_timeline"], true);
    for ((name, text, flags, _), found) in cases.iter().zip(probe["results"].as_array().unwrap()) {
        let file = folder.path().join("the text");
        fs::write(&file, text).unwrap();
        let mut arguments = vec!["analyze", file.to_str().unwrap(), "--format", "json", "--quiet"];
        arguments.extend(flags);
        let output = common::output(&arguments);
        match serde_json::from_slice::<Document>(&output.stdout) {
            Ok(mut expected) => {
                // Without a URL, a burst has the file's name. A page has no folders.
                let bursts = expected.runs.iter_mut().flat_map(|run| &mut run.bursts);
                let named = bursts.filter(|burst| Path::new(&burst.url) == file);
                named.for_each(|burst| burst.url.clone_from(&burst.endpoint));
                let found: Document = serde_json::from_value(found["json"].clone())
                    .unwrap_or_else(|error| panic!("{name}: {error}: {found}"));
                assert_eq!(found.runs, expected.runs, "{name}");
            }
            // The same error, about a text instead of a file.
            Err(_) => {
                let message = common::stderr(&output).replace(file.to_str().unwrap(), "the text");
                let error = found["error"].as_str().unwrap_or_else(|| panic!("{name}: {found}"));
                assert!(message.contains(error), "{message}\n{error}");
            }
        }
    }
}

#[test]
fn the_page_for_pasted_results_is_small() {
    let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut compressed, &fs::read(paste_page()).unwrap()).unwrap();
    let size = compressed.finish().unwrap().len();
    assert!(size < 1_000_000, "{size} bytes");
}
