use proptest::prelude::*;

use super::*;

const GOOD: &str = r#"
spin_manifest_version = 2
[application]
name = "app"
version = "1.0.0"
[[trigger.http]]
route = "/hello"
component = "hello"
[component.hello]
source = "hello.wasm"
environment = { GREETING = "hi" }
[component.hello.build]
command = "make"
workdir = "src"
"#;

fn parse_text(text: &str) -> Result<App, Error> {
    parse(Path::new("dir/spin.toml"), text, None)
}

#[test]
fn a_manifest_becomes_an_app() {
    let app = parse_text(GOOD).unwrap();
    assert_eq!((app.name.as_str(), app.version.as_str()), ("app", "1.0.0"));
    assert_eq!(app.triggers[0].component(), Some("hello"));
    let hello = &app.components["hello"];
    assert_eq!(hello.source, Path::new("dir/hello.wasm"));
    assert_eq!(hello.environment["GREETING"], "hi");
    let build = hello.build.as_ref().unwrap();
    assert_eq!(
        (build.command.as_slice(), build.workdir.as_path()),
        (&["make".to_owned()][..], Path::new("dir/src"))
    );
}

#[test]
fn the_projects_own_manifests_have_the_same_seven_routes_and_waits() {
    let load = |name: &str| load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name), None).unwrap();
    for app in [load("spin.toml"), load("spin-wasip3.toml")] {
        let waits: Vec<_> = app
            .triggers
            .iter()
            .map(|trigger| {
                let component = trigger.component().unwrap();
                let environment = &app.components[component].environment;
                assert_eq!(environment["ENDPOINT"], component);
                (trigger.route.path(), environment["WAIT_MS"].clone())
            })
            .collect();
        let expected = [
            ("/e1/p1", "10000"),
            ("/e1/p2", "1000"),
            ("/e2/p1", "1000"),
            ("/e2/p2", "1000"),
            ("/e2/p3", "1000"),
            ("/e2/p4", "1000"),
            ("/e2/p5", "1000"),
        ];
        assert_eq!(waits, expected.map(|(path, wait)| (path.to_owned(), wait.to_owned())));
    }
}

#[test]
fn a_private_route_is_reached_by_nobody() {
    let app = parse_text(&GOOD.replace("\"/hello\"", "{ private = true }")).unwrap();
    assert!(app.triggers.is_empty());
}

/// An application with something under every key that is honoured.
const FULL: &str = r#"
spin_manifest_version = 2
[application]
name = "app"
[application.trigger.http]
base = "/"
[variables]
token = { required = true, secret = true, description = "for the API" }
host = { default = "example.com" }
[[trigger.http]]
route = "/full/:id"
component = "full"
executor = { type = "http" }
[[trigger.http]]
id = "teapot"
route = "/static/..."
static_response = { status_code = 418, headers = { X-Tea = "green" }, body = "short" }
[[trigger.http]]
id = "other"
route = "/inline"
component = { source = "inline.wasm" }
[[trigger.http]]
route = { private = true }
component = { source = "private.wasm", environment = { A = "b" } }
[component.full]
source = "full.wasm"
variables = { api_token = "Bearer {{ token }}", fixed = "x" }
files = ["img/*.png", { source = "assets", destination = "/" }]
exclude_files = ["**/*.md"]
allowed_outbound_hosts = ["https://{{ host }}", "http://*.example.com:8000..8100", "http://self"]
[component.full.build]
command = ["a", "b"]
workdir = "src"
[component.full.profile.debug]
source = "debug.wasm"
environment = { LOG = "1" }
build.command = "c"
"#;

#[test]
fn every_key_that_is_honoured_arrives() {
    let app = parse_text(FULL).unwrap();
    let ids: Vec<_> = app.components.keys().map(String::as_str).collect();
    assert_eq!(ids, ["full", "http-trigger1-component", "other-component"]);
    let triggers: Vec<_> = app
        .triggers
        .iter()
        .map(|trigger| (trigger.id.as_str(), trigger.route.path(), trigger.component()))
        .collect();
    assert_eq!(
        triggers,
        [
            ("full-http-trigger", "/full/:id".to_owned(), Some("full")),
            ("teapot", "/static".to_owned(), None),
            ("other", "/inline".to_owned(), Some("other-component")),
        ]
    );
    let Answer::Static(response) = &app.triggers[1].answer else { panic!("static") };
    assert_eq!((response.status().as_u16(), response.body().as_str()), (418, "short"));
    assert_eq!(response.headers()["x-tea"], "green");
    assert_eq!(app.variables.names().collect::<Vec<_>>(), ["host", "token"]);
    let full = &app.components["full"];
    assert_eq!(full.variables["api_token"].names().collect::<Vec<_>>(), ["token"]);
    assert_eq!((full.files.mounts.len(), full.files.exclude.len(), full.outbound.len()), (2, 1, 3));
}

#[test]
fn an_inline_component_is_named_as_spin_names_it() {
    let text = GOOD.replace("component = \"hello\"", "component = { source = \"x.wasm\" }");
    let ids = |text: &str| parse_text(text).unwrap().components.into_keys().collect::<Vec<_>>();
    // `http-trigger1` is the trigger's made-up id.
    assert_eq!(ids(&text), ["hello", "http-trigger1-component"]);
    assert_eq!(ids(&text.replace("route =", "id = \"Has space\"\nroute =")), ["hello", "inline-component1"]);
}

#[test]
fn a_profile_replaces_what_it_names() {
    let parse = |profile| parse(Path::new("dir/spin.toml"), FULL, profile);
    let plain = &parse(None).unwrap().components["full"];
    assert_eq!((plain.source.as_path(), plain.environment.len()), (Path::new("dir/full.wasm"), 0));
    let debug = &parse(Some("debug")).unwrap().components["full"];
    assert_eq!(
        (debug.source.as_path(), debug.environment["LOG"].as_str()),
        (Path::new("dir/debug.wasm"), "1")
    );
    let build = debug.build.as_ref().unwrap();
    assert_eq!((&build.command[..], build.workdir.as_path()), (&["c".to_owned()][..], Path::new("dir/src")));
    assert_eq!(
        parse(Some("debgu")).unwrap_err().to_string(),
        "dir/spin.toml: no component has a profile \"debgu\"; this manifest has: debug"
    );
}

#[test]
fn an_error_says_what_where_and_what_is_allowed() {
    let source = "source = \"hello.wasm\"";
    let component = "component = \"hello\"";
    let in_component = |key: &str| (source, format!("{source}\n{key}"));
    let answer = |key: &str| (component, key.to_owned());
    let of_app = |key: &str| ("[application]", format!("{key}\n[application]"));
    let mut told = String::new();
    for (from, to) in [
        ("name = \"app\"", "name = ".to_owned()),
        ("name = \"app\"", "nmae = \"app\"".to_owned()),
        ("spin_manifest_version = 2", "spin_manifest_version = 1".to_owned()),
        ("spin_manifest_version = 2", String::new()),
        of_app("[application.trigger.http]\nbase = \"/v1\""),
        of_app("[application.trigger.http]\ntimeout = 3"),
        of_app("[variables]\nx = { default = \"y\", required = true }"),
        of_app("[variables]\nx = {}"),
        of_app("[variables]\nX = { default = \"y\" }"),
        of_app("[variables]\nx = { default = 3 }"),
        of_app("[variables]\nx = { defualt = \"y\" }"),
        (source, String::new()),
        (source, "source = { url = \"http://x\", digest = \"y\" }".to_owned()),
        (source, "source = { registry = \"x\", package = \"y:z\", version = \"1\" }".to_owned()),
        (source, "source = 3".to_owned()),
        in_component("variables = { a = \"{{ nowhere }}\" }"),
        in_component("variables = { a = \"{{ b\" }"),
        in_component("variables = { A = \"b\" }"),
        in_component("files = [\"../x\"]"),
        in_component("files = [\"/etc/passwd\"]"),
        in_component("files = [\".\"]"),
        in_component("files = [{ source = \"a\", destination = \"/../b\" }]"),
        in_component("files = [{ source = \"a\" }]"),
        in_component("files = [3]"),
        in_component("exclude_files = [\"a***\"]"),
        in_component("allowed_outbound_hosts = [\"https://a\", \"example.com\"]"),
        in_component("allowed_outbound_hosts = [\"https://a.spin.internal\"]"),
        in_component("allowed_outbound_hosts = [\"https://{{ a }}\"]"),
        in_component("allowed_http_hosts = [\"a\"]"),
        in_component("key_value_stores = [\"default\"]"),
        in_component("sqlite_databases = [\"default\"]"),
        in_component("ai_models = [\"x\"]"),
        in_component("dependencies = { \"a:b\" = \"1\" }"),
        in_component("profile.p.files = []"),
        ("[component.hello]", "[component.hel_lo]".to_owned()),
        ("command = \"make\"", "command = 5".to_owned()),
        ("[[trigger.http]]", "[[trigger.redis]]".to_owned()),
        answer("component = \"helo\""),
        answer(""),
        answer("component = 3"),
        answer("component = { source = \"x.wasm\", key_value_stores = [\"a\"] }"),
        answer("component = { sauce = \"x.wasm\" }"),
        answer("component = {}"),
        answer("component = \"hello\"\nstatic_response = {}"),
        answer("static_response = { status_code = 100 }"),
        answer("static_response = { status_code = 99999 }"),
        answer("static_response = { headers = { \"a b\" = \"c\" } }"),
        answer("static_response = { headers = { a = \"\\n\" } }"),
        answer("static_response = { headers = { Content-Length = \"3\" } }"),
        answer("static_response = { status = 200 }"),
        answer("component = \"hello\"\nexecutor = { type = \"wagi\" }"),
        answer("component = \"hello\"\nexecutor = { type = \"wagi\", argv = \"x\" }"),
        answer("component = \"hello\"\ncomponents = { a = \"b\" }"),
        answer("component = \"hello\"\ndependencies = { middleware = [\"a\"] }"),
        ("route = \"/hello\"", "route = \"/a/.../b\"".to_owned()),
        ("route = \"/hello\"", "route = \"/files/*\"".to_owned()),
        ("route = \"/hello\"", "route = \"/:é\"".to_owned()),
        ("route = \"/hello\"", "route = \"/:user(id)/x\"".to_owned()),
        ("route = \"/hello\"", "route = \"/:a/:a\"".to_owned()),
        ("route = \"/hello\"", "route = 3".to_owned()),
        ("route = \"/hello\"", "route = \"/.well-known/spin/health\"".to_owned()),
        (
            "[component.hello]",
            "[[trigger.http]]\nroute = \"hello/\"\ncomponent = \"hello\"\n[component.hello]".to_owned(),
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = parse_text(&GOOD.replacen(from, &to, 1)).expect_err(&to);
        told += &format!("{}\n    {error}\n", to.replace('\n', " | "));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn another_version_is_said_before_its_other_keys() {
    let error = parse_text("spin_version = \"1\"\nname = \"old\"\n").unwrap_err().to_string();
    assert_eq!(error, "dir/spin.toml:1:16: only spin_manifest_version = 2 is known");
}

#[test]
fn a_key_that_asks_for_nothing_is_not_refused() {
    for key in ["key_value_stores = []", "dependencies = {}", "ai_models = []"] {
        let text = GOOD.replace("source = \"hello.wasm\"", &format!("source = \"hello.wasm\"\n{key}"));
        assert!(parse_text(&text).is_ok(), "{key}");
    }
}

#[test]
fn a_manifest_that_is_no_text_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spin.toml");
    fs::write(&path, b"spin_manifest_version = 2\nname = \"\xff\"").unwrap();
    let error = load(&path, None).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2:9: a manifest is UTF-8, and this byte is none of it", path.display()));
}

#[test]
fn a_missing_manifest_is_said() {
    let error = load(Path::new("nowhere/spin.toml"), None).unwrap_err().to_string();
    assert_eq!(
        error,
        "nowhere/spin.toml: no such file; name the manifest, or go to the folder that has a spin.toml"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = parse_text(&text);
    }

    #[test]
    fn no_damaged_manifest_panics(at in 0..FULL.len(), length in 0_usize..20, put in "[\\[\\]{}=\"\n.a-z0-9ä]{0,8}") {
        let end = (at + length).min(FULL.len());
        let _ = parse_text(&format!("{}{put}{}", &FULL[..at], &FULL[end..]));
    }
}

/// Manifests that are odd, or that a fuzzer found: read without a panic, and what is wrong has its place.
#[test]
fn the_corpus_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/manifest");
    let mut told = String::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let end = load(&file, None).map_or_else(|error| error.to_string(), |_| "read".to_owned());
        let end = end.replace(file.to_str().unwrap(), name);
        told += &format!("{name}\n    {end}\n");
    }
    insta::assert_snapshot!(told);
}
