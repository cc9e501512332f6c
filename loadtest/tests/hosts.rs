//! Several hosts behind one address: the verdict says how they shared the burst.

mod common;

use std::net::SocketAddr;

use judge::verdict::Kind;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// A load balancer that forwards connections to `hosts` in turn, until the test's runtime ends.
async fn balancer(hosts: Vec<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for host in hosts.iter().cycle() {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(host).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    address
}

async fn burst_at_two_hosts(flags: &[&str]) -> results::document::Burst {
    let served = ["a", "b"]
        .map(|name| common::serve("spin.toml", &[&["--env", &format!("HOST_NAME={name}")], flags].concat()));
    let address = balancer(served.iter().map(|served| served.authority().to_owned()).collect()).await;
    let url = format!("http://{address}/e2/p1?wait_ms=500");
    let burst = tokio::task::spawn_blocking(move || {
        common::burst(&["-n", "8", "-c", "8", "--service-ms", "502", &url])
    });
    burst.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parallel_burst_on_two_hosts_names_both() {
    let burst = burst_at_two_hosts(&[]).await;
    assert_eq!(
        (burst.verdict.kind, burst.hosts, burst.instances),
        (Kind::Parallel, 2, 8),
        "{:?}",
        burst.verdict
    );
    let why = &burst.verdict.why;
    assert!(
        why.contains("spread over 2 hosts, up to 4 on one host. On each host, at most 4 requests were in"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_each_host_is_reported() {
    let burst = burst_at_two_hosts(&["--max-instances", "2"]).await;
    assert_eq!(
        (burst.verdict.kind, burst.verdict.at_a_time),
        (Kind::Limited, Some(4.0)),
        "{:?}",
        burst.verdict
    );
    let why = &burst.verdict.why;
    assert!(why.contains("On each host, at most 2 requests were in a handler at once"), "{why}");
}
