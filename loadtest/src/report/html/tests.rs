use judge::verdict::Verdict;
use results::document::sample;

use super::*;

#[test]
fn the_page_of_a_fixed_result_is_unchanged() {
    insta::assert_snapshot!(page(&sample::document(vec![sample::together(), sample::waves()])).unwrap());
}

#[test]
fn the_page_of_mechanisms_is_unchanged() {
    let bursts = vec![sample::pool(), sample::rate(), sample::open()];
    let page = page(&sample::document(bursts)).unwrap();
    // The head, the data and the script are in the other snapshot.
    let (_, shown) = page.split_once("<main>").unwrap();
    insta::assert_snapshot!("mechanisms", shown.split("<footer>").next().unwrap());
}

#[test]
fn the_policy_allows_only_the_pages_script() {
    let page = page(&sample::document(vec![sample::waves()])).unwrap();
    assert!(page.contains(&format!("script-src 'sha256-{}'", data::sha256(SCRIPT))));
    assert!(page.contains(&format!("<script>{SCRIPT}</script>")));
    assert!(!page.contains("http://www"), "no external resource");
}

#[test]
fn hostile_names_and_numbers_are_text() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}\u{202e}\0";
    let mut burst = sample::burst(
        evil,
        evil,
        sample::rows(10, 4, 1),
        Verdict { why: evil.into(), ..sample::waves().verdict },
    );
    burst.makespan_ms = f64::NAN;
    burst.service_ms = f64::INFINITY;
    burst.per_second = -1e308;
    burst.mismatch = Some(evil.to_owned());
    for request in &mut burst.requests {
        request.instance = Some(evil.to_owned());
        request.done_us = f64::MAX;
        request.sent_us = Some(f64::NAN);
        request.error = Some(evil.to_owned());
    }
    let mut document = sample::document(vec![burst]);
    document.tool = evil.to_owned();
    document.command = evil.to_owned();
    document.runs[0].title = evil.to_owned();
    document.runs[0].system = evil.to_owned();
    document.machine.cpu_model = Some(evil.to_owned());
    let page = page(&document).unwrap();
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's script");
    assert!(!page.contains("<img"));
    let shown = page.split("<script type").next().unwrap();
    assert!(!shown.contains("NaN\"") && !shown.contains("inf\""), "an invalid coordinate");
}

#[test]
fn the_page_of_a_large_result_is_small() {
    let verdict = || sample::waves().verdict;
    for n in [10_000, 60_000] {
        let document =
            sample::document(vec![sample::burst("http://a/", "a", sample::rows(n, 100, 1), verdict())]);
        let page = page(&document).unwrap();
        assert!(page.len() < 2_000_000, "{n}: {}", page.len());
        assert!(page.contains("up to "), "grouped");
    }
    let mut document = sample::document(vec![sample::waves()]);
    document.runs =
        (0..1_000).map(|setup| Run { setup: setup.to_string(), ..document.runs[0].clone() }).collect();
    let page = page(&document).unwrap();
    assert_eq!(page.matches("<article").count(), 1_000);
}

#[test]
fn the_page_of_an_audit_has_the_table_of_routes() {
    let page = page(&sample::audit()).unwrap();
    assert!(page.contains("<h1>An audit of shop.toml</h1>"), "{page}");
    let (_, shown) = page.split_once("<h2 id=\"audit\">Routes</h2>").unwrap();
    let (routes, verdicts) = shown.split_once("<section aria-labelledby=\"verdicts\">").unwrap();
    assert_eq!(
        (routes.matches("<tr role=\"row\">").count(), routes.matches("<h3>").count()),
        (5, 4),
        "{routes}"
    );
    for part in [
        "shop.toml on embedded, bursts of 10 requests: sharing instances slows 1 of 3 routes.",
        "3 components are of WASIp3, so that their instances are shared by default: await, files, trap.",
        "<th role=\"rowheader\" scope=\"row\"><p>/trap/:id <small>/trap/7</small></p></th>",
        "<td role=\"cell\" data-label=\"Shared\"><p>limited, 4 at a time</p><p>3.00 s</p><p>1 instance, 10 at once</p></td>",
        "<p>parallel</p><p>1.00 s</p><p>4 instances, up to 3 at once in one</p>",
        "<b class=\"sequential\"><span aria-hidden=\"true\">⋱</span> sharing slows it</b>",
        "<p>Only the sharing differs, so that it is the cause. Replace the blocking call by its async form.</p>",
    ] {
        assert!(routes.contains(part), "{part} is missing in\n{routes}");
    }
    assert!(
        verdicts.contains("scope=\"col\">Route</th>") && verdicts.contains(">Route /trap/:id"),
        "{verdicts}"
    );
}

#[test]
fn hostile_routes_are_text() {
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}";
    let mut document = sample::audit();
    let audit = document.audit.as_mut().unwrap();
    audit.manifest = evil.to_owned();
    audit.shared_components = vec![evil.to_owned()];
    for route in &mut audit.routes {
        route.route = evil.to_owned();
        route.component = Some(evil.to_owned());
        route.path = Some(evil.to_owned());
        route.why = evil.to_owned();
        route.remedy = Some(evil.to_owned());
    }
    let page = page(&document).unwrap();
    assert_eq!(page.matches("<script").count(), 2, "the data and the page's script");
    assert!(!page.contains("<img"));
}
