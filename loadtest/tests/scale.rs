//! A simulation of hosts at scale. Two tests compare it with real bursts; the third checks the table of docs/scale.md,
//! which comes from it. `UPDATE_SCALE=1 cargo test --workspace --test scale` writes the table.

mod common;

use std::time::Duration;

use judge::stats::median;
use results::document::Burst;
use simulator::Random;
use simulator::server::{self, SendPlan, Server};

use common::pool::{self, PoolBehavior};

/// The parameters of a host. Times in microseconds.
#[derive(Debug, Clone, Copy)]
struct Host {
    /// The number of requests that it serves at a time; the others wait in order.
    capacity: usize,
    /// The service time.
    service: f64,
    /// The time to start an instance. Instances start one after the other.
    instance_start: f64,
}

/// The times of the answers to requests that arrive at these times, each over its own connection.
fn answers(host: Host, arrivals: &[f64]) -> Vec<f64> {
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_by(f64::total_cmp);
    let mut started_last = f64::NEG_INFINITY;
    let started = arrivals.iter().map(|arrival| {
        started_last = arrival.max(started_last) + host.instance_start;
        started_last
    });
    let plan = SendPlan { n: arrivals.len(), c: arrivals.len(), planned: started.collect() };
    let work = vec![host.service; arrivals.len()];
    server::simulate(Server::Pool(host.capacity), &plan, &work).iter().map(|request| request.done).collect()
}

fn makespan(answers: &[f64]) -> f64 {
    answers.iter().copied().fold(0.0, f64::max)
}

/// The parameters of a host, from a small burst.
fn calibrate(burst: &Burst, capacity: usize) -> Host {
    let times = burst.requests.iter().filter_map(|request| Some(request.left_us? - request.entered_us?));
    let service = median(times.collect()).expect("replies have the times");
    let entered = burst.requests.iter().filter_map(|request| request.entered_us).fold(0.0, f64::max);
    Host { capacity, service, instance_start: entered / burst.requests.len() as f64 }
}

fn check_near(what: &str, simulated_us: f64, measured_ms: f64) -> Result<(), String> {
    let error = simulated_us / 1e3 / measured_ms - 1.0;
    if error.abs() <= 0.1 { Ok(()) } else { Err(format!("{what}: {simulated_us} us, but {measured_ms} ms")) }
}

/// The number of attempts. On a busy machine a burst takes longer than simulated; a wrong simulation fails every time.
const ATTEMPTS: usize = 4;

/// One attempt must succeed.
fn assert_one_succeeds(mut attempt: impl FnMut() -> Result<(), String>) {
    let errors: Vec<String> = (0..ATTEMPTS).map_while(|_| attempt().err()).collect();
    assert!(errors.len() < ATTEMPTS, "{errors:?}");
}

#[test]
fn the_simulation_predicts_large_bursts_of_the_embedded_host() {
    let served = common::serve("spin.toml", &["--max-instances", "100"]);
    let url = format!("http://{}/e2/p1?wait_ms=600", served.authority());
    assert_one_succeeds(|| {
        let small = common::burst(&["-n", "50", "-c", "50", &url]);
        let host = calibrate(&small, 100);
        for n in [80, 300] {
            let size = n.to_string();
            let large = common::burst(&[
                "-n",
                &size,
                "-c",
                &size,
                "--service-ms",
                &small.service_ms.to_string(),
                &url,
            ]);
            let simulated = answers(host, &vec![0.0; n]);
            check_near("makespan", makespan(&simulated), large.makespan_ms)?;
            let p50 = large.latency_ms.expect("answers").p50;
            check_near("median", median(simulated).expect("answers"), p50)?;
        }
        Ok(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulation_predicts_bursts_of_pools() {
    for (k, n, c) in [(1, 6, 6), (3, 24, 8), (16, 40, 40)] {
        let pool = pool::serve(PoolBehavior::pool(k, Duration::from_millis(300))).await;
        let (n_text, c_text) = (n.to_string(), c.to_string());
        let mut errors = Vec::new();
        for _ in 0..ATTEMPTS {
            let measured = common::burst_run::judged(&pool, &["-n", &n_text, "-c", &c_text]).await;
            // One request for each connection arrives at once; the others follow answers.
            let plan = SendPlan { n, c, planned: vec![0.0; c] };
            let requests = server::simulate(Server::Pool(k), &plan, &vec![measured.service_ms * 1e3; n]);
            let simulated: Vec<f64> = requests.iter().map(|request| request.done).collect();
            match check_near(&format!("{k}, {n}, {c}"), makespan(&simulated), measured.makespan_ms) {
                Ok(()) => break,
                Err(error) => errors.push(error),
            }
        }
        assert!(errors.len() < ATTEMPTS, "{errors:?}");
    }
}

/// How a load balancer spreads requests.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Balance {
    InTurn,
    AtRandom,
}

/// Simulates a burst of several generators at identical hosts. The generators' clocks deviate by up to `skew`
/// microseconds to either side. Returns the makespan in seconds, from the earliest possible start.
fn simulated_makespan(
    generators: usize,
    each: usize,
    hosts: usize,
    host: Host,
    skew: f64,
    balance: Balance,
) -> f64 {
    let mut random = Random::new(1);
    let mut arrivals = vec![Vec::new(); hosts];
    for generator in 0..generators {
        let late = random.between(0.0, 2.0 * skew);
        for i in 0..each {
            let host = match balance {
                Balance::InTurn => (generator * each + i) % hosts,
                Balance::AtRandom => (random.uniform() * hosts as f64) as usize % hosts,
            };
            arrivals[host].push(late);
        }
    }
    arrivals.iter().map(|arrivals| makespan(&answers(host, arrivals))).fold(0.0, f64::max) / 1e6
}

/// The table of docs/scale.md.
fn table() -> String {
    // The figures of docs/host-tuning.md: 10,000 requests at once are in their handlers after 0.73 s.
    let host = Host { capacity: 10_000, service: 1e6, instance_start: 73.0 };
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
        let seconds = simulated_makespan(generators, each, hosts, host, skew, balance);
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
fn the_documents_table_is_current() {
    let path = common::project().join("docs/scale.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- simulated -->\n", "<!-- end -->");
    let (before, rest) = text.split_once(begin).expect("the table's begin marker");
    let (_, after) = rest.split_once(end).expect("the table's end marker");
    let updated = format!("{before}{begin}\n{}\n{end}{after}", table());
    if std::env::var_os("UPDATE_SCALE").is_some() {
        std::fs::write(&path, updated).unwrap();
    } else {
        assert!(
            text == updated,
            "docs/scale.md is old: UPDATE_SCALE=1 cargo test --workspace --test scale\n{}",
            table()
        );
    }
}
