//! Streamed bodies, at the pace of their reader.

mod common;

use std::fs;
use std::time::Duration;

use testing::{CONFORMANCE, LAST_CHUNK, RawClient, Server, ok};
use tokio::time::sleep;

use common::serve;

#[tokio::test]
async fn an_echo_starts_before_the_request_is_complete() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let head =
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: x/y\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = RawClient::sent(&server, head).await;
        client.send("5\r\nfirst\r\n").await;
        let first = client.until("first").await;
        assert!(first.contains("content-type: x/y") && first.contains("first"), "{manifest}: {first}");
        client.send("4\r\nlast\r\n0\r\n\r\n").await;
        let last = client.until(LAST_CHUNK).await;
        assert!(last.contains("last") && last.ends_with(LAST_CHUNK), "{manifest}: {last}");
    }
}

#[tokio::test]
async fn large_bodies_are_complete() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let post = async |path: &str, body: Vec<u8>| {
            let response = client.post(format!("{}{path}", server.url)).body(body).send().await.unwrap();
            response.bytes().await.unwrap()
        };
        assert_eq!(post("/body-size", vec![b'x'; 20_000_000]).await, "20000000", "{manifest}");
        let sent: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
        assert!(post("/echo", sent.clone()).await == sent, "{manifest}");
        let (status, body) = server.get("/stream?pieces=200&bytes=100000&every_ms=0").await;
        assert_eq!((status, body.len()), (200, 20_000_000), "{manifest}");
    }
}

/// The server's resident memory in MiB, and its CPU time in hundredths of a second.
fn resource_usage(server: &Server) -> (u64, u64) {
    let read = |file| fs::read_to_string(format!("/proc/{}/{file}", server.process.child.id())).unwrap();
    let status = read("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: u64 = resident.split_whitespace().next().unwrap().parse().unwrap();
    let stat = read("stat");
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (kib / 1024, fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
}

#[tokio::test]
async fn a_guest_stops_writing_when_its_client_stops_reading() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let mut client = RawClient::get(&server, "/stream?pieces=0&bytes=65536&every_ms=0").await;
        client.until("....").await;
        // Until the buffers are full.
        sleep(Duration::from_secs(1)).await;
        let (resident, cpu) = resource_usage(&server);
        sleep(Duration::from_secs(2)).await;
        let (later_resident, later_cpu) = resource_usage(&server);
        assert!(later_resident < resident + 16, "{manifest}: {resident} MiB, then {later_resident}");
        assert!(later_cpu < cpu + 50, "{manifest}: it still works: {cpu}, then {later_cpu}");
        // The guest continues.
        assert!(client.until(&".".repeat(60_000)).await.len() >= 60_000, "{manifest}");
        assert_eq!(server.get("/else").await, ok("/else is fine\n"), "{manifest}");
    }
}

#[tokio::test]
async fn a_client_stops_sending_when_its_guest_does_not_read() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let head = "POST /sleep?ms=60000 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = RawClient::sent(&server, head).await;
        let (before, _) = resource_usage(&server);
        let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
        let all_taken = tokio::time::timeout(Duration::from_secs(3), async {
            for _ in 0..500 {
                client.send(&chunk).await;
            }
        });
        assert!(all_taken.await.is_err(), "{manifest}: 500 MiB were taken");
        let (after, _) = resource_usage(&server);
        assert!(after < before + 50, "{manifest}: {before} MiB, then {after}");
    }
}
