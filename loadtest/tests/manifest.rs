//! What a manifest gives to a guest: variables, files, hosts to call, in both versions of WASI; and
//! what it has the host answer itself.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use tempfile::TempDir;

use common::{GUESTS, build, loadtest, ok, serve, serve_by, stderr, wasm};

/// An application in a folder of its own: a component `guest` that takes all paths, and what is added.
fn app(guest: &str, of_app: &str, of_component: &str) -> (TempDir, String) {
    build();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml");
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n{of_app}\n[[trigger.http]]\nroute = \"/...\"\n\
         component = \"guest\"\n[component.guest]\nsource = {:?}\n{of_component}\n",
        wasm(guest)
    );
    fs::write(&manifest, text).unwrap();
    (folder, manifest.display().to_string())
}

const VARIABLES: &str = "[variables]
greeting = { default = \"hi\" }
name = { default = \"nobody\" }
token = { required = true, secret = true }";

#[tokio::test]
async fn a_guest_reads_its_variables_as_they_are_given() {
    for guest in GUESTS {
        let own =
            "variables = { line = \"{{ greeting }}, {{name}}\", token = \"{{ token }}\", plain = \"{x}\" }";
        let (_folder, manifest) = app(guest, VARIABLES, own);
        let given = ["--variable", "token=hidden=1", "--variable=name=flag"];
        let serve = ["serve", &manifest, "--listen", "127.0.0.1:0", "--format", "json"];
        let served = serve_by(
            loadtest(&[&serve[..], &given].concat())
                .env("SPIN_VARIABLE_GREETING", "hello")
                .env("SPIN_VARIABLE_NAME", "environment"),
        );
        assert_eq!(served.get("/variables?name=line").await, ok("hello, flag"), "{guest}");
        assert_eq!(served.get("/variables?name=token").await, ok("hidden=1"), "{guest}");
        assert_eq!(served.get("/variables?name=plain").await, ok("{x}"), "{guest}");
        // The application's own names are not the component's.
        for (name, reason) in [("greeting", "Undefined"), ("Not-A-Name", "InvalidName")] {
            let (status, body) = served.get(&format!("/variables?name={name}")).await;
            assert!(status == 500 && body.contains(reason), "{guest}: {name}: {status} {body}");
        }
        let log = served.log();
        assert!(!log.contains("hidden"), "{log}");
    }
}

/// Runs a command that ends by itself.
fn told(args: &[&str]) -> (Option<i32>, String) {
    let output = common::output(args);
    (output.status.code(), stderr(&output))
}

#[test]
fn a_variable_without_a_value_stops_the_start_and_not_the_build() {
    let (_folder, manifest) = app(GUESTS[0], VARIABLES, "");
    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    let expected = format!(
        "{manifest}:7:1: variable \"token\" is required and has no value; give it by --variable token=VALUE, or in \
         SPIN_VARIABLE_TOKEN"
    );
    assert!(code == Some(2) && error.contains(&expected), "{code:?} {error}");

    let (code, error) = told(&["serve", &manifest, "--variable", "tokn=hidden"]);
    let expected = "no variable is called \"tokn\"; [variables] declares: greeting, name, token";
    assert!(code == Some(2) && error.contains(expected) && !error.contains("hidden"), "{code:?} {error}");

    let (code, error) = told(&["build", &manifest]);
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn run_hands_variables_to_the_embedded_host() {
    build();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml").display().to_string();
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n[variables]\ntoken = {{ required = true }}\n\
         [[trigger.http]]\nroute = \"/e2/p3\"\ncomponent = \"e2-p3\"\n[component.e2-p3]\nsource = {:?}\n\
         environment = {{ ENDPOINT = \"e2-p3\" }}\n",
        wasm("wasip2_async_awaiting.wasm")
    );
    fs::write(&manifest, text).unwrap();
    let run = ["run", "--manifest", &manifest, "--setup", "6", "--time-scale", "0.05"];
    let (code, error) = told(&run);
    assert!(code == Some(2) && error.contains("--variable token=VALUE"), "{code:?} {error}");
    let output = common::output(&[&run[..], &["--variable", "token=x"]].concat());
    assert!(common::stdout(&output).contains("10 x e2-p3"), "{}", stderr(&output));
}

#[tokio::test]
async fn a_guest_reads_its_files_and_changes_nothing() {
    for guest in GUESTS {
        let own = "files = [\"pages/*\", { source = \"assets\", destination = \"/public\" }]\n\
                   exclude_files = [\"**/*.secret\"]";
        let (folder, manifest) = app(guest, "", own);
        for (path, text) in
            [("pages/a.txt", "a"), ("pages/b.secret", "b"), ("assets/deep/c.txt", "c"), ("d.txt", "d")]
        {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let temporary = tempfile::tempdir().unwrap();
        let serve = ["serve", &manifest, "--listen", "127.0.0.1:0", "--format", "json"];
        let served = serve_by(loadtest(&serve).env("TMPDIR", temporary.path()));
        for (path, text) in [
            ("/pages/a.txt", "a"),
            ("pages/a.txt", "a"),
            ("/public/deep/c.txt", "c"),
            ("/pages/../public/deep/c.txt", "c"),
        ] {
            assert_eq!(served.get(&format!("/files?path={path}")).await, ok(text), "{guest}: {path}");
        }
        for path in ["/pages/b.secret", "/d.txt", "/../../etc/passwd", "/etc/passwd", "/assets/deep/c.txt"] {
            let (status, body) = served.get(&format!("/files?path={path}")).await;
            assert!(status == 500 && body.starts_with("error"), "{guest}: {path}: {status} {body}");
        }
        for path in ["/pages/a.txt", "/pages/new.txt", "/new.txt"] {
            let (status, body) = served.get(&format!("/write?path={path}")).await;
            assert!(status == 500 && body.starts_with("error"), "{guest}: {path}: {status} {body}");
        }
        assert_eq!(served.get("/files?path=/pages/a.txt").await, ok("a"), "{guest}");
        served.log();
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "the host cleans up");
        assert_eq!(fs::read_to_string(folder.path().join("pages/a.txt")).unwrap(), "a");
    }
}

#[test]
fn a_file_that_is_not_there_stops_the_start() {
    let (_folder, manifest) = app(GUESTS[0], "", "files = [\"here\"]");
    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(2) && error.contains("spin.toml:10:10: \"here\": no such file"), "{code:?} {error}");
}

/// Answers every request by what its path names: a redirection to `/`, or the host that it was sent to.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let head: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map(|line| line.unwrap())
                .take_while(|line| !line.is_empty())
                .collect();
            let host = head.iter().find_map(|line| line.strip_prefix("host: ")).unwrap_or("none").to_owned();
            let (status, more) =
                if head[0].contains("/moved") { ("302 Found", "location: /\r\n") } else { ("200 OK", "") };
            let answer = format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\n\r\n{host}", host.len());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_guest_calls_whom_the_manifest_allows_and_nobody_else() {
    let address = upstream();
    let port = address.port();
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for guest in GUESTS {
        let own = format!(
            "allowed_outbound_hosts = [\"http://127.0.0.1:{{{{ port }}}}\", \"http://127.0.0.1:{refused}\"]"
        );
        let (_folder, manifest) =
            app(guest, &format!("[variables]\nport = {{ default = \"{port}\" }}"), &own);
        let served = serve(&manifest, &[]);
        let call = async |url: &str| served.get(&format!("/outbound?url={url}")).await;
        assert_eq!(call(&format!("http://{address}/x")).await, ok(&format!("200\n{address}")), "{guest}");
        // The same address in another spelling; the server is told the plain one.
        assert_eq!(call(&format!("http://0x7f.1:{port}/x")).await, ok(&format!("200\n{address}")), "{guest}");
        assert_eq!(call(&format!("http://{address}/moved")).await, ok(&format!("302\n{address}")), "{guest}");
        for url in [
            format!("http://localhost:{port}/"),
            format!("https://127.0.0.1:{port}/"),
            format!("http://127.0.0.2:{port}/"),
            format!("http://u:p@127.0.0.2:{port}/"),
            "http://127.0.0.1:1/".to_owned(),
            "http://self.alt/variables?name=x".to_owned(),
        ] {
            let (status, body) = call(&url).await;
            assert!(status == 502 && body.contains("Denied"), "{guest}: {url}: {status} {body}");
        }
        let (status, body) = call(&format!("http://127.0.0.1:{refused}/")).await;
        assert!(status == 502 && body.contains("Refused"), "{guest}: {status} {body}");
        let log = served.log();
        let expected = format!(
            "component \"guest\" may not send requests to http://localhost:{port}; to allow it, add \
             \"http://localhost:{port}\" to its allowed_outbound_hosts in the manifest"
        );
        assert!(log.contains(&expected), "{log}");
    }
}

#[tokio::test]
async fn a_guest_calls_its_own_application_where_that_is_allowed() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "", "allowed_outbound_hosts = [\"http://self\"]");
        let served = serve(&manifest, &[]);
        let called = served.get("/outbound?url=http://self.alt/.well-known/spin/health").await;
        assert_eq!(called, ok("200\nOK"), "{guest}");
    }
}

#[test]
fn a_host_that_is_none_once_its_variables_are_put_in_is_said_without_their_secrets() {
    let variables = "[variables]\nhost = { default = \"hid den\", secret = true }";
    let (_folder, manifest) = app(GUESTS[0], variables, "allowed_outbound_hosts = [\"http://{{ host }}\"]");
    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    assert!(
        code == Some(2) && error.contains("spin.toml:11:27: ") && !error.contains("hid den"),
        "{code:?} {error}"
    );
}

#[tokio::test]
async fn static_answers_inline_components_and_profiles() {
    let more = format!(
        "[[trigger.http]]\nroute = \"/teapot\"\n\
         static_response = {{ status_code = 418, headers = {{ X-Tea = \"green\" }}, body = \"short\" }}\n\
         [[trigger.http]]\nid = \"in\"\nroute = \"/variables\"\n\
         component = {{ source = {:?}, variables = {{ x = \"inline\" }} }}",
        wasm(GUESTS[1])
    );
    let profile = "source = \"nowhere.wasm\"\nprofile.debug.source = ";
    let (folder, manifest) = app(GUESTS[0], &more, "");
    let text = fs::read_to_string(&manifest).unwrap();
    let at = text.rfind("source = ").unwrap();
    fs::write(&manifest, format!("{}{profile}{}", &text[..at], &text[at + "source = ".len()..])).unwrap();

    let served = serve(&manifest, &["--profile", "debug"]);
    let response = common::get(format!("{}/teapot", served.url)).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["x-tea"]), (418, &"green".parse().unwrap()));
    assert_eq!(response.text().await.unwrap(), "short");
    assert_eq!(served.get("/variables?name=x").await, ok("inline"));
    assert_eq!(served.get("/else").await, ok("/else is fine\n"));

    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(2) && error.contains("nowhere.wasm"), "{code:?} {error}");
    let (code, error) = told(&["serve", &manifest, "--profile", "debgu"]);
    assert!(code == Some(2) && error.contains("no component has a profile \"debgu\""), "{code:?} {error}");
    drop(folder);
}
