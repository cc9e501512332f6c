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
    let load = |name: &str| load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap();
    for app in [load("spin.toml"), load("spin-wasip3.toml")] {
        let waits: Vec<_> = app
            .triggers
            .iter()
            .map(|trigger| {
                let environment = &app.components[&trigger.component].environment;
                assert_eq!(environment["ENDPOINT"], trigger.component);
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

/// The error for `GOOD` with `from` replaced by `to`.
fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    parse_text(&GOOD.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn an_error_says_what_where_and_what_is_allowed() {
    let not_offered = "is not offered by the embedded host; run this app with `spin up`";
    for (from, to, expected) in [
        (
            "name = \"app\"",
            "name = ",
            "dir/spin.toml:4:8: string values must be quoted, expected literal string",
        ),
        (
            "name = \"app\"",
            "nmae = \"app\"",
            "dir/spin.toml:4:1: unknown field `nmae`, expected one of `name`, `version`, `description`, `authors`, `trigger`, `tool`, `targets`",
        ),
        (
            "spin_manifest_version = 2",
            "spin_manifest_version = 1",
            "dir/spin.toml:2:25: only spin_manifest_version = 2 is known",
        ),
        (
            "source = \"hello.wasm\"",
            "",
            "dir/spin.toml:9:1: component.hello has no `source`: the path of a WebAssembly component is needed",
        ),
        (
            "source = \"hello.wasm\"",
            "source = { url = \"http://x\", digest = \"y\" }",
            "dir/spin.toml:10:10: component.hello.source: only a path is offered by the embedded host; download the component, or run this app with `spin up`",
        ),
        (
            "component = \"hello\"",
            "component = \"helo\"",
            "dir/spin.toml:8:13: no component is called \"helo\"; this manifest has: hello",
        ),
        (
            "component = \"hello\"",
            "",
            "dir/spin.toml:7:9: this trigger names no `component`: the id of one is needed",
        ),
        (
            "component = \"hello\"",
            "component = { source = \"x.wasm\" }",
            "dir/spin.toml:8:13: trigger.http.component: only a component's id is offered by the embedded host; describe the component under [component.ID]",
        ),
        (
            "route = \"/hello\"",
            "route = \"/a/.../b\"",
            "dir/spin.toml:7:9: route \"/a/.../b\": `...` can only stand at the end",
        ),
        (
            "route = \"/hello\"",
            "route = 3",
            "dir/spin.toml:7:9: a route is a string such as \"/hello/...\", or { private = true }",
        ),
        (
            "route = \"/hello\"",
            "route = \"/\"\nexecutor = { type = \"wagi\" }",
            "dir/spin.toml:8:12: trigger.http.executor: only { type = \"http\" } is offered by the embedded host",
        ),
        (
            "[[trigger.http]]",
            "[[trigger.redis]]",
            "dir/spin.toml:6:11: unknown field `redis`, expected `http`",
        ),
        (
            "[component.hello]",
            "[component.hel_lo]",
            "dir/spin.toml:9:12: a component's id is words of letters and digits, joined by dashes, each begun by a letter",
        ),
        (
            "command = \"make\"",
            "command = 5",
            "dir/spin.toml:13:11: expected a string or a list of strings, found integer",
        ),
    ] {
        assert_eq!(error(from, to), expected);
    }
    for key in [
        "key_value_stores = [\"default\"]",
        "files = [\"a\"]",
        "allowed_outbound_hosts = [\"http://a\"]",
        "ai_models = [\"x\"]",
    ] {
        let name = key.split(' ').next().unwrap();
        let column = name.len() + 4;
        assert_eq!(
            error("source = \"hello.wasm\"", &format!("{key}\nsource = \"hello.wasm\"")),
            format!("dir/spin.toml:10:{column}: component.hello.{name} {not_offered}")
        );
    }
    assert_eq!(
        error("[application]", "[variables]\nx = { default = \"y\" }\n[application]"),
        format!("dir/spin.toml:3:1: variables {not_offered}")
    );
}

#[test]
fn another_version_is_said_before_its_other_keys() {
    let error = parse_text("spin_version = \"1\"\nname = \"old\"\n").unwrap_err().to_string();
    assert_eq!(error, "dir/spin.toml:1:16: only spin_manifest_version = 2 is known");
}

#[test]
fn a_key_that_asks_for_nothing_is_not_refused() {
    let text =
        GOOD.replace("source = \"hello.wasm\"", "source = \"hello.wasm\"\nallowed_outbound_hosts = []");
    assert!(parse_text(&text).is_ok());
}

#[test]
fn a_missing_manifest_is_said() {
    let error = load(Path::new("nowhere/spin.toml")).unwrap_err().to_string();
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
    fn no_damaged_manifest_panics(at in 0..GOOD.len(), length in 0_usize..20, put in "[\\[\\]{}=\"\n.a-z0-9ä]{0,8}") {
        let end = (at + length).min(GOOD.len());
        let _ = parse_text(&format!("{}{put}{}", &GOOD[..at], &GOOD[end..]));
    }
}
