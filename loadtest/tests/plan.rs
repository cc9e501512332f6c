//! Plans of one's own: `run --plan FILE` and `plan init`.

mod common;

use std::fs;

use judge::verdict::Kind;
use tempfile::TempDir;

use common::{output, project, stderr, stdout};

/// A plan in a folder of its own.
fn plan(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.toml");
    fs::write(&file, text).expect("a file");
    let name = file.to_str().expect("text").to_owned();
    (folder, name)
}

/// A burst at `/x`, with these further lines.
fn with(lines: &str) -> String {
    format!("[[setup]]\nid = \"a\"\n[[setup.burst]]\npath = \"/x\"\n{lines}\n")
}

#[test]
fn a_wrong_plan_is_an_error_with_its_place_and_what_is_allowed() {
    let cases: [(&str, &str, &str); 24] = [
        ("", ":1:1: ", "missing field `setup`"),
        ("setup = []", ": ", "at least one [[setup]]"),
        ("[[setup]\n", ":1:", "]"),
        ("[[setup]]\nid = \"a,b\"\nburst = []", ":2:6: ", "letters, digits"),
        ("[[setup]]\nid = \"a\"\nburst = []", ":2:6: ", "at least one [[setup.burst]]"),
        (
            "[[setup]]\nid = \"a\"\ncolour = 1\nburst = []",
            ":3:1: ",
            "unknown field `colour`, expected one of `id`",
        ),
        (&with("n = 0"), ":5:5: ", "a whole number from 1 to 1000000, or { per_core = N }"),
        (&with("n = -3"), ":5:5: ", "a whole number from 1"),
        (&with("n = \"ten\""), ":5:5: ", "a whole number from 1"),
        (&with("n = { per_cor = 1 }"), ":5:", "unknown field `per_cor`, expected `per_core`"),
        (&with("n = 2\nc = 3"), ":6:5: ", "at most n, 2, is allowed"),
        (&with("n = 2\nurl = \"http://127.0.0.1/\""), ":6:7: ", "exclude each other"),
        (&with("n = 2\nmethod = \"POST\""), ":6:10: ", "service_ms, or allow them with solo = true"),
        (&with("n = 2\nmethod = \"G T\""), ":6:10: ", "a method such as GET or POST is allowed"),
        (&with("n = 2\nheaders = { \"a b\" = \"c\" }"), ":6:13: ", "the name of a header"),
        (&with("n = 2\nheaders = { a = \"secret\\u0001\" }"), ":6:17: ", "control characters"),
        (&with("n = 2\nstatus = \"2x\""), ":6:10: ", "2xx,304 or 200-204"),
        (&with("n = 2\nrate = 0"), ":6:8: ", "0.001"),
        (&with("n = 2\nrate = 5.0\nspacing_ms = 1.0"), ":6:8: ", "exclude each other"),
        (&with("n = 2\ndelay_ms = -1.0"), ":6:12: ", "a number from 0 to 86400000 is allowed"),
        (&with("n = 2\nwait_ms = 60001"), ":6:11: ", "from 0 to 60000"),
        (
            &with("n = 2\nexpect = { fresh = \"at-once\" }"),
            ":6:",
            "unknown variant `at-once`, expected one of `parallel`",
        ),
        (
            &with("n = 2\nexpect = { mars = \"parallel\" }"),
            ":6:10: ",
            "unknown key `mars` in `expect`, expected one of `fresh`",
        ),
        (
            &with("n = 2\nexpect = { fresh = { at_a_time = 0 } }"),
            ":6:",
            "a whole number from 1, \"cores\" or \"instances\"",
        ),
    ];
    for (text, place, reason) in cases {
        let (_folder, file) = plan(text);
        let ended = output(&["run", "--plan", &file]);
        let said = stderr(&ended);
        assert_eq!(ended.status.code(), Some(2), "{text}\n{said}");
        assert!(said.contains(&format!("{file}{place}")) && said.contains(reason), "{text}\n{said}");
        assert!(said.lines().count() == 1 && !said.contains("secret"), "{text}\n{said}");
    }
    let paths = ["orders", "", "/a b", "/a#b", "http://127.0.0.1/"];
    for path in paths {
        let (_folder, file) = plan(&with("n = 1").replace("/x", path));
        let said = stderr(&output(&["run", "--plan", &file]));
        assert!(said.contains(":4:8: a path such as /orders or /orders?page=2 is allowed"), "{path}\n{said}");
    }
    let said = stderr(&output(&["run", "--plan", "/nowhere.toml"]));
    assert!(said.contains("/nowhere.toml: cannot read: No such file"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bursts_at_urls_are_fired_as_the_plan_says() {
    let app = axum::Router::new().route(
        "/orders",
        axum::routing::post(|headers: axum::http::HeaderMap, body: String| async move {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            let is_right =
                body == "{}" && headers["content-type"] == "application/json" && headers["x-a"] == "b";
            (
                if is_right { axum::http::StatusCode::IM_USED } else { axum::http::StatusCode::BAD_REQUEST },
                "done",
            )
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let burst = format!(
        "[[setup.burst]]\nurl = \"{origin}/orders?page=2\"\nmethod = \"POST\"\nbody = \"{{}}\"\nstatus = \"226\"\nservice_ms = 50\n\
         headers = {{ Content-Type = \"application/json\", x-a = \"b\" }}\n"
    );
    let text = format!(
        "[[setup]]\nid = \"orders\"\n{burst}n = 6\nexpect = {{ any = \"parallel\" }}\n{burst}n = 4\nrate = 100\ndelay_ms = 20\n"
    );
    let (folder, file) = plan(&text);
    let out = folder.path().join("out");
    let arguments =
        ["run", "--plan", &file, "--quiet", "--out", out.to_str().expect("text")].map(str::to_owned);
    let run = move || output(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let ended = tokio::task::spawn_blocking(run).await.expect("it ends");
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let run = common::result(&out).runs.remove(0);
    assert_eq!((run.system.as_str(), run.setup.as_str(), run.bursts.len()), (origin.as_str(), "orders", 2));
    let [together, paced] = &run.bursts[..] else { panic!("two bursts") };
    assert_eq!((together.ok, together.endpoint.as_str(), together.service_ms), (6, "orders", 50.0));
    assert_eq!((together.expected, together.baseline.as_ref()), (Some(Kind::Parallel), None));
    assert_eq!((paced.ok, paced.sending.rate, paced.sending.delay_ms), (4, Some(100.0), 20.0));
}

#[test]
fn the_lab_s_setups_are_a_plan() {
    common::build();
    let file = project().join("loadtest/setups.toml").display().to_string();
    let ended =
        output(&["run", "--plan", &file, "--setup", "6", "--time-scale", "0.05", "--manifest", "spin.toml"]);
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    assert!(stdout(&ended).contains("10 x e2-p3"), "{}", stdout(&ended));
}

#[test]
fn the_schema_allows_the_lab_s_setups_and_the_first_plan_only() {
    let schema = serde_json::to_value(loadtest::plan::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let is_valid = |text: &str| {
        let value: toml::Value = toml::from_str(text).expect("TOML");
        validator.is_valid(&serde_json::to_value(value).expect("JSON"))
    };
    assert!(is_valid(&fs::read_to_string(project().join("loadtest/setups.toml")).expect("text")));
    let ended = output(&["plan", "init", "spin.toml"]);
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    let first = stdout(&ended);
    assert!(is_valid(&first) && first.contains("path = \"/e2/p4\""), "{first}");
    let (_folder, file) = plan(&first);
    let said = stderr(&output(&["run", "--plan", &file, "--setup", "none"]));
    assert!(said.contains("no setup has the id \"none\"; the ids are e1-p1, "), "{said}");
    for wrong in [with("n = 0"), with("n = 1\ncolour = 2"), with("n = 1\nrate = 0.0"), with("")] {
        assert!(!is_valid(&wrong), "{wrong}");
    }
}

#[test]
fn routes_that_need_a_value_are_comments_in_the_first_plan() {
    let text = "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/users/:id\"\n\
                component = \"users\"\n[[trigger.http]]\nroute = \"/...\"\ncomponent = \"users\"\n[[trigger.http]]\n\
                route = \"/\"\ncomponent = \"users\"\n[component.users]\nsource = \"a.wasm\"\n";
    let (_folder, manifest) = plan(text);
    let first = stdout(&output(&["plan", "init", &manifest]));
    assert!(
        first.contains("\n# path = \"/users/:id\"\n") && first.contains("\n# path = \"/...\"\n"),
        "{first}"
    );
    assert!(first.contains("\nid = \"root\"\n") && first.contains("\npath = \"/\"\n"), "{first}");
}

#[test]
fn routes_of_the_same_name_have_different_ids_in_the_first_plan() {
    let mut text = "spin_manifest_version = 2\n[application]\nname = \"a\"\n".to_owned();
    for route in ["/a/b", "/a-b", "/a-b-2", "/a/b/:id", "/a/b/id"] {
        text += &format!("[[trigger.http]]\nroute = {route:?}\ncomponent = \"part\"\n");
    }
    text += "[component.part]\nsource = \"a.wasm\"\n";
    let (_folder, manifest) = plan(&text);
    let first = stdout(&output(&["plan", "init", &manifest]));
    let ids: Vec<&str> =
        first.lines().filter_map(|line| line.split_once("id = ")).map(|(_, id)| id).collect();
    assert_eq!(ids.len(), 5, "{first}");
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 5, "{first}");
    assert!(first.contains("\nid = \"a-b\"\n") && first.contains("\nid = \"a-b-2\"\n"), "{first}");
    let (_folder, file) = plan(&first);
    let said = stderr(&output(&["run", "--plan", &file, "--setup", "none"]));
    assert!(said.contains("no setup has the id \"none\""), "{said}");
}
