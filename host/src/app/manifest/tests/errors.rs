use super::*;

#[test]
fn an_error_has_the_position_and_what_is_allowed() {
    let source = "source = \"hello.wasm\"";
    let component = "component = \"hello\"";
    let in_component = |key: &str| (source, format!("{source}\n{key}"));
    let target = |key: &str| (component, key.to_owned());
    let of_app = |key: &str| ("[application]", format!("{key}\n[application]"));
    let mut errors = String::new();
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
        in_component("allowed_outbound_hosts = [\"https://{{ a }}\"]"),
        in_component("allowed_http_hosts = [\"a\"]"),
        in_component("key_value_stores = [\"default\", \"cache\"]"),
        in_component("key_value_stores = \"default\""),
        in_component("sqlite_databases = [\"other\"]"),
        in_component("ai_models = [\"x\"]"),
        in_component("dependencies = { \"a:b\" = \"1\" }"),
        in_component("profile.p.files = []"),
        ("[component.hello]", "[component.hel_lo]".to_owned()),
        ("command = \"make\"", "command = 5".to_owned()),
        ("[[trigger.http]]", "[[trigger.redis]]".to_owned()),
        target("component = \"helo\""),
        target(""),
        target("component = 3"),
        target("component = { source = \"x.wasm\", key_value_stores = [\"a\"] }"),
        target("component = { sauce = \"x.wasm\" }"),
        target("component = {}"),
        target("component = \"hello\"\nstatic_response = {}"),
        target("static_response = { status_code = 100 }"),
        target("static_response = { status_code = 99999 }"),
        target("static_response = { headers = { \"a b\" = \"c\" } }"),
        target("static_response = { headers = { a = \"\\n\" } }"),
        target("static_response = { headers = { Content-Length = \"3\" } }"),
        target("static_response = { status = 200 }"),
        target("component = \"hello\"\nexecutor = { type = \"wagi\" }"),
        target("component = \"hello\"\nexecutor = { type = \"wagi\", argv = \"x\" }"),
        target("component = \"hello\"\ncomponents = { a = \"b\" }"),
        target("component = \"hello\"\ndependencies = { middleware = [\"a\"] }"),
        ("route = \"/hello\"", "route = \"/a/.../b\"".to_owned()),
        ("route = \"/hello\"", "route = \"/files/*\"".to_owned()),
        ("route = \"/hello\"", "route = \"/:é\"".to_owned()),
        ("route = \"/hello\"", "route = \"/:user(id)/x\"".to_owned()),
        ("route = \"/hello\"", "route = \"/:a/:a\"".to_owned()),
        ("route = \"/hello\"", "route = 3".to_owned()),
        ("route = \"/hello\"", "route = \"/.well-known/spin/health\"".to_owned()),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = parse_text(&GOOD.replacen(from, &to, 1)).expect_err(&to);
        errors += &format!("{}\n    {error}\n", to.replace('\n', " | "));
    }
    insta::assert_snapshot!(errors);
}

#[test]
fn an_unsupported_version_is_reported_before_unknown_keys() {
    let error = parse_text("spin_version = \"3\"\nname = \"old\"\n").unwrap_err().to_string();
    assert_eq!(
        error,
        "dir/spin.toml:1:16: only spin_manifest_version = 2 is supported, and \"1\" of older applications"
    );
}

const VERSION_1: &str = r#"
spin_version = "1"
name = "old"
version = "0.1.0"
trigger = { type = "http", base = "/" }
[variables]
who = { default = "me" }
[[component]]
id = "Hello_World"
source = "hello.wasm"
allowed_http_hosts = ["example.com", "http://self", "https://x.example/"]
key_value_stores = ["default"]
config = { name = "{{ who }}" }
[component.trigger]
route = "/hello/..."
executor = { type = "spin" }
[component.build]
command = "make"
"#;

#[test]
fn version_1_is_read_into_the_same_app() {
    let app = parse_text(VERSION_1).unwrap();
    let component = &app.components["hello-world"];
    assert_eq!(app.triggers[0].component(), Some("hello-world"));
    assert_eq!(
        (app.triggers[0].route.path(), app.triggers[0].route.is_wildcard()),
        ("/hello".to_owned(), true)
    );
    assert!(
        component.uses_key_value && component.build.is_some() && component.variables.contains_key("name")
    );
    assert_eq!(component.allowed_hosts.len(), 4);
}

#[test]
fn an_error_in_version_1_has_its_position() {
    for (from, to, error) in [
        ("\"http\"", "\"redis\"", "5:20: trigger type redis is not offered by the embedded host"),
        ("Hello_World", "1st", "9:6: a component's id consists of words joined by dashes or `_`"),
        ("config", "konfig", "13:1: unknown field `konfig`"),
        ("\"spin\"", "\"wagi\"", "16:12: trigger.http.executor: the embedded host offers only"),
        ("base = \"/\"", "base = \"/v1\"", "5:28: application.trigger.http.base is not offered"),
        ("route =", "# ", "14:1: missing field `route`"),
    ] {
        let found = parse_text(&VERSION_1.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(found.starts_with(&format!("dir/spin.toml:{error}")), "{to}: {found}");
    }
}

#[test]
fn an_unsupported_key_with_an_empty_value_is_allowed() {
    for key in ["key_value_stores = []", "dependencies = {}", "ai_models = []"] {
        let text = GOOD.replace("source = \"hello.wasm\"", &format!("source = \"hello.wasm\"\n{key}"));
        assert!(parse_text(&text).is_ok(), "{key}");
    }
}

#[test]
fn all_errors_are_reported_at_once_in_the_order_of_their_positions() {
    let text = GOOD
        .replace("component = \"hello\"", "component = \"helo\"")
        .replace("source = \"hello.wasm\"", "source = 3\nai_models = [\"x\"]\nfiles = [\"../x\"]");
    let errors = parse_text(&text).unwrap_err().to_string();
    let starts: Vec<_> = errors.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        starts,
        ["dir/spin.toml:8:13", "dir/spin.toml:10:10", "dir/spin.toml:11:13", "dir/spin.toml:12:10"],
        "{errors}"
    );
}

#[test]
fn a_file_that_is_no_manifest_is_called_that() {
    for text in ["[package]\nname = \"x\"\n", "{ \"name\": 1 }", "hello\n", ""] {
        let error = parse_text(text).unwrap_err().to_string();
        assert!(error.contains("this is no Spin manifest"), "{text}: {error}");
    }
}

#[test]
fn of_equivalent_routes_the_last_one_stays_with_a_warning() {
    let second = "[[trigger.http]]\nroute = \"hello/\"\ncomponent = \"other\"\n[component.other]\n\
                  source = \"other.wasm\"\n[component.hello]";
    let app = parse_text(&GOOD.replace("[component.hello]", second)).unwrap();
    let routes: Vec<_> =
        app.triggers.iter().map(|trigger| (trigger.route.path(), trigger.component())).collect();
    assert_eq!(routes, [("/hello".to_owned(), Some("other"))]);
    let warnings: Vec<_> = app.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["dir/spin.toml:10:9: this route replaces the same one of hello, as in Spin"]);
}

#[test]
fn beside_http_triggers_of_other_kinds_are_left_out_with_their_components() {
    let text = format!(
        "{GOOD}[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"worker\"\n[component.worker]\nsource = \"w.wasm\"\n\
         [[trigger.cron]]\ncron-expression = \"1 * * * * *\"\ncomponent = \"hello\"\n"
    );
    let app = parse_text(&text).unwrap();
    assert_eq!(app.components.keys().collect::<Vec<_>>(), ["hello"]);
    let warnings: Vec<_> = app.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "dir/spin.toml:15:11: trigger.redis is not offered by the embedded host, which serves HTTP; only the HTTP \
             triggers are served",
            "dir/spin.toml:20:11: trigger.cron is not offered by the embedded host, which serves HTTP; only the HTTP \
             triggers are served",
        ]
    );
}

#[test]
fn a_manifest_must_be_utf8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spin.toml");
    fs::write(&path, b"spin_manifest_version = 2\nname = \"\xff\"").unwrap();
    let error = load(&path, None).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2:9: a manifest must be UTF-8, and this byte is not", path.display()));
}

#[test]
fn the_error_for_a_missing_manifest_says_what_to_do() {
    let error = load(Path::new("nowhere/spin.toml"), None).unwrap_err().to_string();
    assert_eq!(
        error,
        "nowhere/spin.toml: no such file; name the manifest, or go to the folder that has a spin.toml"
    );
}

/// The corpus has unusual manifests, and manifests that a fuzzer found.
#[test]
fn the_corpus_is_read_without_a_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/manifest");
    let mut results = String::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let result = load(&file, None).map_or_else(|error| error.to_string(), |_| "read".to_owned());
        let result = result.replace(file.to_str().unwrap(), name);
        results += &format!("{name}\n    {result}\n");
    }
    insta::assert_snapshot!(results);
}
