//! `loadtest serve`: compatibility with Spin, start and stop.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use testing::{LAST_CHUNK, RawClient, guest_app, is_read};

use common::{
    CONFORMANCE, GUESTS, MANIFESTS, Process, TIMEOUT, build, loadtest, ok, output, project, serve, serve_at,
    stderr, stdout, wait_until,
};

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
            let slow = RawClient::get(&served, "/e2/p1?wait_ms=1000").await;
            slow.until_read().await;
            served.process.signal(signal);
            assert!(slow.rest().await.starts_with("HTTP/1.1 200"), "{manifest}");
            assert_eq!(served.process.ended_within(TIMEOUT).code(), Some(0), "{manifest}");
        }
    }
}

#[test]
fn a_signal_does_not_wait_for_half_a_header() {
    let mut served = serve(CONFORMANCE[0], &["--drain-timeout", "600s", "--header-timeout", "600s"]);
    let mut half = TcpStream::connect(served.authority()).unwrap();
    half.write_all(b"GET /else HTTP/1.1\r\nHos").unwrap();
    let (client, server) = (half.local_addr().unwrap(), half.peer_addr().unwrap());
    wait_until("the server reads the half", || is_read(client, server));
    served.process.signal(Signal::SIGTERM);
    assert_eq!(served.process.ended_within(TIMEOUT).code(), Some(0));
}

#[tokio::test]
async fn what_never_finishes_is_ended_after_the_drain_timeout() {
    for manifest in CONFORMANCE {
        let mut served = serve(manifest, &["--drain-timeout", "1s"]);
        let mut endless = RawClient::get(&served, "/stream?pieces=0&bytes=4&every_ms=50").await;
        endless.until("....").await;
        let told = Instant::now();
        served.process.signal(Signal::SIGTERM);
        assert_eq!(served.process.ended_within(TIMEOUT).code(), Some(0), "{manifest}");
        assert!(told.elapsed() >= Duration::from_secs(1), "{manifest}: {:?}", told.elapsed());
        assert!(!endless.rest().await.ends_with(LAST_CHUNK), "{manifest}");
        let mut log = String::new();
        served.process.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("--drain-timeout"), "{manifest}: {log}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut served = serve("spin.toml", &[]);
    let slow = RawClient::get(&served, "/e2/p1?wait_ms=60000").await;
    slow.until_read().await;
    served.process.signal(Signal::SIGTERM);
    // Two signals at once would be one.
    wait_until("the server stops to listen", || TcpStream::connect(served.authority()).is_err());
    served.process.signal(Signal::SIGTERM);
    assert_eq!(served.process.ended_within(TIMEOUT).code(), Some(0));
    assert_eq!(slow.rest().await, "");
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
        ("text.toml", app("text.wasm"), "text.wasm: not WebAssembly"),
        ("half.toml", app("half.wasm"), "half.wasm: damaged: "),
        (
            "none.toml",
            app("none.wasm"),
            "none.wasm: no such file; `source` is relative to the manifest's folder",
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
    let fifo = folder.path().join("slow.wasm");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let manifest = folder.path().join("spin.toml");
    let text = "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/\"\n\
                component = \"c\"\n[component.c]\nsource = \"slow.wasm\"\n";
    std::fs::write(&manifest, text).unwrap();
    let mut process =
        Process::spawn(&mut loadtest(&["serve", manifest.to_str().unwrap(), "--listen", "127.0.0.1:0"]));
    // A FIFO can be opened for writing, without waiting, only if it has a reader. While the writer is open, the reader waits.
    let open = || {
        let non_blocking = nix::fcntl::OFlag::O_NONBLOCK.bits();
        fs::OpenOptions::new().write(true).custom_flags(non_blocking).open(&fifo).ok()
    };
    let mut writer = None;
    wait_until("the host reads the component", || {
        writer = open();
        writer.is_some()
    });
    process.signal(Signal::SIGTERM);
    assert_eq!(process.ended_within(TIMEOUT).code(), Some(130));
}

#[tokio::test]
async fn what_guests_print_is_kept_by_component_and_echoed_unless_told_not_to() {
    for manifest in CONFORMANCE {
        let folder = tempfile::tempdir().unwrap();
        let keeps = ["--log-dir", folder.path().to_str().unwrap()];
        let kept = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        for (flags, quiet) in [(&[][..], false), (&["--quiet"], true)] {
            let server = serve(manifest, &[&keeps[..], flags].concat());
            for path in ["/stdio?text=from-guest", "/other/stdio?text=from-other"] {
                assert_eq!(server.get(path).await, ok("printed"), "{manifest}");
            }
            let times = if quiet { 2 } else { 1 };
            for (component, line) in [("guest", "from-guest\n"), ("other", "from-other\n")] {
                for stream in ["stdout", "stderr"] {
                    let name = format!("{component}_{stream}.txt");
                    wait_until(&name, || kept(&name) == line.repeat(times));
                }
            }
            let echo = if quiet { &[][..] } else { &["from-other\nfrom-other\n"] };
            let log = server.log_that_says(echo);
            let echoed = log.matches("from-guest").count();
            assert_eq!(echoed, if quiet { 0 } else { 2 }, "{manifest}: {log}");
            assert_eq!(log.contains("Logging component stdio to"), !quiet, "{manifest}: {log}");
        }
    }
}

#[tokio::test]
async fn logs_are_kept_beside_the_manifest() {
    build();
    let (folder, manifest) = guest_app(GUESTS[0], "", "");
    let server = serve(&manifest, &[]);
    server.get("/else").await;
    let logs = folder.path().join(".spin/logs");
    assert!(logs.join("guest_stdout.txt").exists() && logs.join("guest_stderr.txt").exists());
    assert!(server.log().contains(&format!("Logging component stdio to {:?}", logs.join(""))));
}
