//! `loadtest serve`: compatibility with Spin, start and stop.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use common::raw::{END, Raw};
use common::{
    CONFORMANCE, MANIFESTS, Process, SOON, build, loadtest, output, project, serve, serve_at, stderr, stdout,
};

#[tokio::test]
async fn well_known_paths_and_those_with_no_route() {
    let served = serve("spin.toml", &[]);
    for (path, status, body) in [
        ("/.well-known/spin/health", 200, "OK"),
        ("/.well-known/spin/info", 200, r#"{"name":"burst-lab","version":"0.1.0"}"#),
        ("/.well-known/spin/else", 404, ""),
        ("/", 404, ""),
        ("/e1", 404, ""),
        ("/e1/p1/more", 404, ""),
    ] {
        let response = common::get(format!("{}{path}", served.url)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.text().await.unwrap(), body, "{path}");
    }
}

#[tokio::test]
async fn a_guest_that_traps_gets_500_and_a_log_and_the_next_request_is_fine() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &[]);
        let response = common::get(format!("{}/panic", served.url)).await.unwrap();
        assert_eq!(response.status(), 500, "{manifest}");
        assert_eq!(response.text().await.unwrap(), "", "{manifest}");
        let response = common::get(format!("{}/else", served.url)).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "/else is fine\n", "{manifest}");

        served.log_that_says(&["asked to panic", "component \"guest\"", "unreachable"]);
    }
}

/// Sends `request` as it is, and reads the answer to its end.
fn raw(served: &common::Served, request: &str) -> String {
    let mut stream = TcpStream::connect(served.url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_client_that_names_no_host_is_served_and_one_that_names_nonsense_is_not() {
    for manifest in CONFORMANCE {
        let served = serve(manifest, &[]);
        let answer = raw(&served, "GET /x HTTP/1.0\r\n\r\n");
        assert!(
            answer.starts_with("HTTP/1.0 200") && answer.ends_with("/x is fine\n"),
            "{manifest}: {answer}"
        );
        let answer = raw(&served, "GET /x HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 400"), "{manifest}: {answer}");
    }
}

#[test]
fn the_start_up_lines_are_spins() {
    build();
    let mut process = Process::spawn(loadtest(&["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()));
    let mut lines = process.child.stdout.take().unwrap();
    let mut text = String::new();
    while !text.contains("Burns CPU") {
        let mut piece = [0; 1024];
        let length = lines.read(&mut piece).unwrap();
        assert!(length > 0, "it ended after {text}");
        text += &String::from_utf8_lossy(&piece[..length]);
    }
    let url = text.lines().nth(1).unwrap().strip_prefix("Serving ").unwrap();
    assert!(
        text.starts_with(&format!(
            "\nServing {url}\nAvailable Routes:\n  e1-p1: {url}/e1/p1\n    Sync: blocks for 10 s\n  e1-p2: {url}/e1/p2\n"
        )),
        "{text}"
    );
}

#[tokio::test]
async fn a_signal_lets_what_is_in_flight_finish() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        for manifest in MANIFESTS {
            let mut served = serve(manifest, &[]);
            let slow = tokio::spawn(common::get(format!("{}/e2/p1?wait_ms=1000", served.url)));
            tokio::time::sleep(Duration::from_millis(300)).await;
            served.process.signal(signal);
            assert_eq!(slow.await.unwrap().unwrap().status(), 200, "{manifest}");
            assert_eq!(served.process.ended_within(SOON).code(), Some(0), "{manifest}");
        }
    }
}

#[test]
fn a_signal_does_not_wait_for_half_a_header() {
    let mut served = serve(CONFORMANCE[0], &["--drain-timeout", "600s", "--header-timeout", "600s"]);
    let mut half = TcpStream::connect(served.authority()).unwrap();
    half.write_all(b"GET /else HTTP/1.1\r\nHos").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    served.process.signal(Signal::SIGTERM);
    assert_eq!(served.process.ended_within(SOON).code(), Some(0));
}

#[tokio::test]
async fn what_never_finishes_is_ended_after_the_drain_timeout() {
    for manifest in CONFORMANCE {
        let mut served = serve(manifest, &["--drain-timeout", "1s"]);
        let mut endless = Raw::get(&served, "/stream?pieces=0&bytes=4&every_ms=50").await;
        endless.until("....").await;
        let told = Instant::now();
        served.process.signal(Signal::SIGTERM);
        assert_eq!(served.process.ended_within(SOON).code(), Some(0), "{manifest}");
        assert!(told.elapsed() >= Duration::from_secs(1), "{manifest}: {:?}", told.elapsed());
        assert!(!endless.rest().await.ends_with(END), "{manifest}");
        let mut log = String::new();
        served.process.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("--drain-timeout"), "{manifest}: {log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut served = serve("spin.toml", &[]);
    let slow = tokio::spawn(common::get(format!("{}/e2/p1?wait_ms=60000", served.url)));
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.process.signal(Signal::SIGTERM);
    tokio::time::sleep(Duration::from_millis(300)).await;
    served.process.signal(Signal::SIGTERM);
    assert_eq!(served.process.ended_within(SOON).code(), Some(0));
    assert!(slow.await.unwrap().is_err());
}

#[test]
fn a_port_in_use_is_said_and_another_is_found_when_asked() {
    build();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = output(&["serve", "--listen", &address]);
    assert_eq!(failed.status.code(), Some(3));
    assert_eq!(stdout(&failed), "");
    assert!(stderr(&failed).contains(&format!("{address} is already in use")), "{}", stderr(&failed));

    let served = serve_at(&address, "spin.toml", &["--find-free-port"]);
    assert_ne!(served.url, format!("http://{address}"));
}

#[test]
fn bad_input_is_one_clear_error() {
    build();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let app = |source: &str| {
        format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n\
             [component.c]\nsource = \"{source}\"\n"
        )
    };
    write("core.wasm", b"\0asm\x01\0\0\0");
    write("text.wasm", b"hello");
    let sync =
        std::fs::read(project().join("components/target/wasm32-wasip2/release/wasip2_sync.wasm")).unwrap();
    write("half.wasm", &sync[..sync.len() / 2]);
    for (name, text, said) in [
        ("no.toml", "]".to_owned(), "no.toml:1:1: "),
        (
            "key.toml",
            app("core.wasm") + "sauce = 1\n",
            "key.toml:9:1: unknown field `sauce`, expected one of",
        ),
        ("source.toml", app("core.wasm").replace("source", "description"), "component.c has no `source`"),
        ("core.toml", app("core.wasm"), "core.wasm: a core module, not a component"),
        ("text.toml", app("text.wasm"), "text.wasm: no WebAssembly"),
        ("half.toml", app("half.wasm"), "half.wasm: damaged: "),
        (
            "none.toml",
            app("none.wasm"),
            "none.wasm: no such file; `source` is counted from the manifest's folder",
        ),
        ("place.toml", app("half.wasm"), "place.toml:8:10: component \"c\": "),
        ("folder.toml", app(""), "a folder; `source` must name a component's file"),
    ] {
        let manifest = write(name, text.as_bytes());
        let failed = output(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
        let error = stderr(&failed);
        assert_eq!(failed.status.code(), Some(2), "{name}: {error}");
        assert!(error.starts_with("error: ") && error.contains(said), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
    }
    let missing = output(&["serve", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("nowhere.toml: no such file"), "{}", stderr(&missing));
}

#[tokio::test]
async fn a_host_is_named_as_people_name_it() {
    let served = serve_at("localhost:0", "spin.toml", &[]);
    assert!(served.url.starts_with("http://127.0.0.1:"), "{}", served.url);
    let failed = output(&["serve", "--listen", "nowhere"]);
    assert_eq!(failed.status.code(), Some(2));
    assert!(stderr(&failed).contains("localhost:3000"), "{}", stderr(&failed));
}

#[test]
fn a_signal_is_heard_while_the_host_starts() {
    let folder = tempfile::tempdir().unwrap();
    // Reading it takes for ever.
    nix::unistd::mkfifo(&folder.path().join("slow.wasm"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let manifest = folder.path().join("spin.toml");
    let text = "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/\"\n\
                component = \"c\"\n[component.c]\nsource = \"slow.wasm\"\n";
    std::fs::write(&manifest, text).unwrap();
    let mut process =
        Process::spawn(&mut loadtest(&["serve", manifest.to_str().unwrap(), "--listen", "127.0.0.1:0"]));
    std::thread::sleep(Duration::from_millis(500));
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended_within(SOON).code(), Some(130));
}
