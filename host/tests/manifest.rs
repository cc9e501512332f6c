//! What a manifest gives to a guest in both versions of WASI: variables, files, allowed hosts; and static responses.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use testing::{GUESTS, Program, guest_app, ok, wasm};

use common::{PROGRAM, serve};

/// An application with a component `guest` for all paths, after the guests are built.
fn app(guest: &str, app_keys: &str, component_keys: &str) -> (TempDir, String) {
    PROGRAM.build_guests();
    guest_app(guest, app_keys, component_keys)
}

const VARIABLES: &str = "[variables]
greeting = { default = \"hi\" }
name = { default = \"nobody\" }
token = { required = true, secret = true }";

#[tokio::test]
async fn a_guest_reads_its_variables() {
    for guest in GUESTS {
        let component_keys =
            "variables = { line = \"{{ greeting }}, {{name}}\", token = \"{{ token }}\", plain = \"{x}\" }";
        let (_folder, manifest) = app(guest, VARIABLES, component_keys);
        let given = ["--variable", "token=hidden=1", "--variable=name=flag"];
        let server = Program::start_server(
            PROGRAM
                .serve_command("127.0.0.1:0", &manifest, &given)
                .env("SPIN_VARIABLE_GREETING", "hello")
                .env("SPIN_VARIABLE_NAME", "environment"),
        );
        assert_eq!(server.get("/variables?name=line").await, ok("hello, flag"), "{guest}");
        assert_eq!(server.get("/variables?name=token").await, ok("hidden=1"), "{guest}");
        assert_eq!(server.get("/variables?name=plain").await, ok("{x}"), "{guest}");
        // A component has only its own variables, not the application's.
        for (name, reason) in [("greeting", "Undefined"), ("Not-A-Name", "InvalidName")] {
            let (status, body) = server.get(&format!("/variables?name={name}")).await;
            assert!(status == 500 && body.contains(reason), "{guest}: {name}: {status} {body}");
        }
        let log = server.log();
        assert!(!log.contains("hidden"), "{log}");
    }
}

#[tokio::test]
async fn a_guest_reads_its_files_and_can_not_change_them() {
    for guest in GUESTS {
        let component_keys = "files = [\"pages/*\", { source = \"assets\", destination = \"/public\" }]\n\
                   exclude_files = [\"**/*.secret\"]";
        let (folder, manifest) = app(guest, "", component_keys);
        for (path, text) in
            [("pages/a.txt", "a"), ("pages/b.secret", "b"), ("assets/deep/c.txt", "c"), ("d.txt", "d")]
        {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let temporary = tempfile::tempdir().unwrap();
        let mut command = PROGRAM.serve_command("127.0.0.1:0", &manifest, &[]);
        let server = Program::start_server(command.env("TMPDIR", temporary.path()));
        for (path, text) in [
            ("/pages/a.txt", "a"),
            ("pages/a.txt", "a"),
            ("/public/deep/c.txt", "c"),
            ("/pages/../public/deep/c.txt", "c"),
        ] {
            assert_eq!(server.get(&format!("/files?path={path}")).await, ok(text), "{guest}: {path}");
        }
        for path in ["/pages/b.secret", "/d.txt", "/../../etc/passwd", "/etc/passwd", "/assets/deep/c.txt"] {
            let (status, body) = server.get(&format!("/files?path={path}")).await;
            assert!(status == 500 && body.starts_with("error"), "{guest}: {path}: {status} {body}");
        }
        for path in ["/pages/a.txt", "/pages/new.txt", "/new.txt"] {
            let (status, body) = server.get(&format!("/write?path={path}")).await;
            assert!(status == 500 && body.starts_with("error"), "{guest}: {path}: {status} {body}");
        }
        assert_eq!(server.get("/files?path=/pages/a.txt").await, ok("a"), "{guest}");
        server.log();
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "the host cleans up");
        assert_eq!(fs::read_to_string(folder.path().join("pages/a.txt")).unwrap(), "a");
    }
}

/// A server that responds to `/moved` with a redirection, and to other paths with the request's host.
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
async fn a_guest_can_call_only_the_hosts_that_the_manifest_allows() {
    let address = upstream();
    let port = address.port();
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for guest in GUESTS {
        let component_keys = format!(
            "allowed_outbound_hosts = [\"http://127.0.0.1:{{{{ port }}}}\", \"http://127.0.0.1:{refused}\"]"
        );
        let (_folder, manifest) =
            app(guest, &format!("[variables]\nport = {{ default = \"{port}\" }}"), &component_keys);
        let server = serve(&manifest, &[]);
        let call = async |url: &str| server.get(&format!("/outbound?url={url}")).await;
        assert_eq!(call(&format!("http://{address}/x")).await, ok(&format!("200\n{address}")), "{guest}");
        // The same address in another spelling; the server gets the normal form.
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
        let log = server.log();
        let expected = format!(
            "component \"guest\" may not send requests to http://localhost:{port}; to allow it, add \
             \"http://localhost:{port}\" to its allowed_outbound_hosts in the manifest"
        );
        assert!(log.contains(&expected), "{log}");
    }
}

#[tokio::test]
async fn a_guest_can_call_its_own_application_if_the_manifest_allows_it() {
    for guest in GUESTS {
        let (_folder, manifest) = app(guest, "", "allowed_outbound_hosts = [\"http://self\"]");
        let server = serve(&manifest, &[]);
        let called = server.get("/outbound?url=http://self.alt/.well-known/spin/health").await;
        assert_eq!(called, ok("200\nOK"), "{guest}");
    }
}

#[tokio::test]
async fn a_component_from_a_url_is_taken_from_the_cache_by_its_digest() {
    PROGRAM.build_guests();
    let bytes = fs::read(wasm(GUESTS[0])).unwrap();
    let digits: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml");
    let text = format!(
        "spin_manifest_version = \"1\"\nname = \"old\"\nversion = \"1.0.0\"\ntrigger = {{ type = \"http\" }}\n[[component]]\n\
         id = \"from_url\"\nsource = {{ url = \"https://example.com/guest.wasm\", digest = \"sha256:{digits}\" }}\n\
         [component.trigger]\nroute = \"/...\"\n"
    );
    fs::write(&manifest, text).unwrap();
    let (manifest, cache) = (manifest.display().to_string(), folder.path().display().to_string());
    let output = PROGRAM.output(&["serve", &manifest, "--listen", "127.0.0.1:0", "--cache-dir", &cache]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("https://example.com/guest.wasm is not in the cache"), "{error}");

    fs::create_dir_all(folder.path().join("registry/wasm")).unwrap();
    fs::write(folder.path().join(format!("registry/wasm/sha256:{digits}")), bytes).unwrap();
    let server = serve(&manifest, &["--cache-dir", &cache]);
    assert_eq!(server.get("/x").await, ok("/x is fine\n"));

    // Another component in its place is not run.
    fs::copy(wasm(GUESTS[1]), folder.path().join(format!("registry/wasm/sha256:{digits}"))).unwrap();
    let output = PROGRAM.output(&["serve", &manifest, "--listen", "127.0.0.1:0", "--cache-dir", &cache]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("its digest is sha256:") && error.contains("get another copy"), "{error}");
}

/// Serves these bytes at every path except `/moved`, which leads there. Returns the server's URL.
fn file_server(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let is_moved = lines.next().unwrap().unwrap().contains("/moved");
            lines.take_while(|line| !line.as_ref().unwrap().is_empty()).for_each(drop);
            let (status, body) =
                if is_moved { ("302 Found\r\nlocation: /file", &[][..]) } else { ("200 OK", &bytes[..]) };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        }
    });
    url
}

#[tokio::test]
async fn a_component_is_downloaded_if_that_is_allowed_and_its_digest_is_right() {
    PROGRAM.build_guests();
    let bytes = fs::read(wasm(GUESTS[1])).unwrap();
    let digits: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let url = file_server(bytes);
    for (digits, is_right) in [("0".repeat(64), false), (digits, true)] {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("spin.toml");
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/...\"\ncomponent = \"a\"\n\
             [component.a]\nsource = {{ url = \"{url}/moved\", digest = \"sha256:{digits}\" }}\n"
        );
        fs::write(&manifest, text).unwrap();
        let (manifest, cache) = (manifest.display().to_string(), folder.path().display().to_string());
        let flags = ["--cache-dir", &cache, "--allow-download", "true"];
        if is_right {
            assert_eq!(serve(&manifest, &flags).get("/x").await, ok("/x is fine\n"));
        } else {
            let output =
                PROGRAM.output(&[&["serve", &manifest, "--listen", "127.0.0.1:0"], &flags[..]].concat());
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(error.contains("/moved: its digest is sha256:"), "{error}");
        }
        assert_eq!(folder.path().join(format!("registry/wasm/sha256:{digits}")).exists(), is_right);
    }
}

#[tokio::test]
async fn static_responses_inline_components_and_profiles() {
    let more = format!(
        "[[trigger.http]]\nroute = \"/teapot\"\n\
         static_response = {{ status_code = 418, headers = {{ X-Tea = \"green\" }}, body = \"short\" }}\n\
         [[trigger.http]]\nid = \"in\"\nroute = \"/variables\"\n\
         component = {{ source = {:?}, variables = {{ x = \"inline\" }} }}",
        wasm(GUESTS[1])
    );
    let profile = "source = \"nowhere.wasm\"\nprofile.debug.source = ";
    let (_folder, manifest) = app(GUESTS[0], &more, "");
    let text = fs::read_to_string(&manifest).unwrap();
    let at = text.rfind("source = ").unwrap();
    fs::write(&manifest, format!("{}{profile}{}", &text[..at], &text[at + "source = ".len()..])).unwrap();

    let server = serve(&manifest, &["--profile", "debug"]);
    let response = testing::get(format!("{}/teapot", server.url)).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["x-tea"]), (418, &"green".parse().unwrap()));
    assert_eq!(response.text().await.unwrap(), "short");
    assert_eq!(server.get("/variables?name=x").await, ok("inline"));
    assert_eq!(server.get("/else").await, ok("/else is fine\n"));
}
