//! A simulator of hosts at scale: first it must foretell bursts that are really fired, then it makes the table of
//! docs/scale.md (`UPDATE_SCALE=1 cargo test --workspace --test scale` writes it anew).

mod common;
use std::time::Duration;

use judge::stats::median;
use results::document::Burst;
use simulator::Random;
use simulator::server::{self, SendPlan, Server};

use common::pool::{self, Manners};

/// What one host is like. Times in microseconds.
#[derive(Debug, Clone, Copy)]
struct Host {
    /// How many requests it holds at once; the others wait in order.
    capacity: usize,
    /// How long each request takes alone.
    service: f64,
    /// How long it takes until the next instance can start: instances are made one after the other.
    start: f64,
}

/// When the answers come to requests that arrive at these times, over a connection each.
fn answers(host: Host, arrivals: &[f64]) -> Vec<f64> {
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_by(f64::total_cmp);
    let mut free = f64::NEG_INFINITY;
    let started = arrivals.iter().map(|arrival| {
        free = arrival.max(free) + host.start;
        free
    });
    let plan = SendPlan { n: arrivals.len(), c: arrivals.len(), planned: started.collect() };
    let work = vec![host.service; arrivals.len()];
    server::simulate(Server::Pool(host.capacity), &plan, &work).iter().map(|request| request.done).collect()
}

fn makespan(answers: &[f64]) -> f64 {
    answers.iter().copied().fold(0.0, f64::max)
}

/// What a burst of a few says of the host: its service time, and the time between two starts.
fn learned(few: &Burst, capacity: usize) -> Host {
    let stays =
        few.requests.iter().filter_map(|request| Some((request.left_us? - request.entered_us?, request)));
    let service = median(stays.clone().map(|(stay, _)| stay).collect()).expect("replies say it");
    let entered = few.requests.iter().filter_map(|request| request.entered_us).fold(0.0, f64::max);
    Host { capacity, service, start: entered / few.requests.len() as f64 }
}

fn assert_near(what: &str, simulated_us: f64, measured_ms: f64) -> Result<(), String> {
    let off = simulated_us / 1e3 / measured_ms - 1.0;
    if off.abs() <= 0.1 { Ok(()) } else { Err(format!("{what}: {simulated_us} us, but {measured_ms} ms")) }
}

/// On a busy machine a burst may take longer than any simulator could know; not every time.
fn soon_right(mut attempt: impl FnMut() -> Result<(), String>) {
    let wrong: Vec<String> = (0..4).map_while(|_| attempt().err()).collect();
    assert!(wrong.len() < 4, "{wrong:?}");
}

#[test]
fn bursts_of_the_embedded_host_are_foretold_from_small_ones() {
    let served = common::serve("spin.toml", &["--max-instances", "100"]);
    let url = format!("http://{}/e2/p1?wait_ms=600", served.authority());
    soon_right(|| {
        let few = common::burst(&["-n", "50", "-c", "50", &url]);
        let host = learned(&few, 100);
        for n in [80, 300] {
            let size = n.to_string();
            let many =
                common::burst(&["-n", &size, "-c", &size, "--service-ms", &few.service_ms.to_string(), &url]);
            let simulated = answers(host, &vec![0.0; n]);
            assert_near("makespan", makespan(&simulated), many.makespan_ms)?;
            let half = many.latency_ms.expect("answers").p50;
            assert_near("median", median(simulated).expect("answers"), half)?;
        }
        Ok(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn bursts_of_pools_are_foretold_from_one_request() {
    for (k, n, c) in [(1, 6, 6), (3, 24, 8), (16, 40, 40)] {
        let pool = pool::serve(Manners::pool(k, Duration::from_millis(300))).await;
        let (n_text, c_text) = (n.to_string(), c.to_string());
        let mut wrong = Vec::new();
        for _ in 0..4 {
            let measured = common::fired::judged(&pool, &["-n", &n_text, "-c", &c_text]).await;
            // As many arrive at once as there are connections; the others follow answers.
            let plan = SendPlan { n, c, planned: vec![0.0; c] };
            let requests = server::simulate(Server::Pool(k), &plan, &vec![measured.service_ms * 1e3; n]);
            let simulated: Vec<f64> = requests.iter().map(|request| request.done).collect();
            match assert_near(&format!("{k}, {n}, {c}"), makespan(&simulated), measured.makespan_ms) {
                Ok(()) => break,
                Err(error) => wrong.push(error),
            }
        }
        assert!(wrong.len() < 4, "{wrong:?}");
    }
}

/// How a load balancer spreads requests.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Balance {
    InTurn,
    AtRandom,
}

/// A burst of generators whose clocks differ by up to `skew` to either side, at hosts that are alike: its makespan, in
/// seconds from the time that all had meant.
fn burst(generators: usize, each: usize, hosts: usize, host: Host, skew: f64, balance: Balance) -> f64 {
    let mut random = Random::new(1);
    let mut arrivals = vec![Vec::new(); hosts];
    for sent in 0..generators {
        let late = random.between(0.0, 2.0 * skew);
        for i in 0..each {
            let host = match balance {
                Balance::InTurn => (sent * each + i) % hosts,
                Balance::AtRandom => (random.uniform() * hosts as f64) as usize % hosts,
            };
            arrivals[host].push(late);
        }
    }
    arrivals.iter().map(|arrivals| makespan(&answers(host, arrivals))).fold(0.0, f64::max) / 1e6
}

/// docs/scale.md's table.
fn table() -> String {
    // As docs/host-tuning.md has them: 10,000 at once, which are in their handlers after 0.73 s.
    let host = Host { capacity: 10_000, service: 1e6, start: 73.0 };
    let mut text =
        "| generators | requests | hosts | spread | clocks differ by | makespan | served at a time |\n\
         |---:|---:|---:|---|---:|---:|---:|\n"
            .to_owned();
    let rows = [
        (1, 10, 1, 0.0, Balance::InTurn),
        (1, 1_000, 1, 0.0, Balance::InTurn),
        (1, 10_000, 1, 0.0, Balance::InTurn),
        (10, 10_000, 1, 0.0, Balance::InTurn),
        (10, 10_000, 10, 0.0, Balance::InTurn),
        (10, 10_000, 10, 0.0, Balance::AtRandom),
        (10, 10_000, 12, 0.0, Balance::AtRandom),
        (100, 1_000, 10, 5_000.0, Balance::InTurn),
        (100, 1_000, 10, 100_000.0, Balance::InTurn),
        (1_000, 1_000, 100, 5_000.0, Balance::InTurn),
        (1_000, 1_000, 100, 5_000.0, Balance::AtRandom),
        (1_000, 1_000, 120, 5_000.0, Balance::AtRandom),
    ];
    for (generators, each, hosts, skew, balance) in rows {
        let seconds = burst(generators, each, hosts, host, skew, balance);
        let requests = generators * each;
        let at_a_time = requests as f64 * host.service / 1e6 / seconds;
        let spread = if balance == Balance::InTurn { "in turn" } else { "at random" };
        text += &format!(
            "| {generators} | {requests} | {hosts} | {spread} | {:.0} ms | {seconds:.2} s | {at_a_time:.0} |\n",
            2.0 * skew / 1e3
        );
    }
    text
}

#[test]
fn the_documents_table_is_what_the_simulator_says() {
    let path = common::project().join("docs/scale.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- simulated -->\n", "<!-- end -->");
    let (before, rest) = text.split_once(begin).expect("where the table begins");
    let (_, after) = rest.split_once(end).expect("where it ends");
    let now = format!("{before}{begin}\n{}\n{end}{after}", table());
    if std::env::var_os("UPDATE_SCALE").is_some() {
        std::fs::write(&path, now).unwrap();
    } else {
        assert!(
            text == now,
            "docs/scale.md is old: UPDATE_SCALE=1 cargo test --workspace --test scale\n{}",
            table()
        );
    }
}
