//! Random test cases of all families.

mod config;

use judge::trace::{ErrorKind, Evidence, Fault, Outcome, Stay, Trace};
use judge::verdict::Kind;

use crate::server::{self, Request, SendPlan, Server};
use crate::{Case, Family, Random};

use config::Config;
pub use config::ServiceTimes;

/// Returns a random case of any family.
pub fn case(random: &mut Random, service_times: ServiceTimes) -> Case {
    let family = Family::ALL[(random.uniform() * 3.0) as usize];
    // Three of five cases are of the first three families.
    let family = if random.chance(0.6) { family } else { Family::ALL[3 + (random.uniform() * 5.0) as usize] };
    let config = Config::random(random, service_times);
    let k = random.log_uniform(2, 64);
    match family {
        Family::Pool => pool(family, k, &config, random),
        Family::EventLoop => pool(family, 1, &config, random),
        Family::Unlimited => pool(family, usize::MAX, &config, random),
        Family::SharedProcessors => shared_processors(&config, random),
        Family::BlockedInstances => blocked_instances(&config, random),
        Family::Capped => capped(&config, random),
        Family::ShortBacklog => short_backlog(&config, random),
        Family::SlowGenerator => slow_generator(&config, random),
    }
}

/// Simulates a burst at a server that may start it late: one in three bursts that are sent at once meets a busy server.
/// Returns the requests, and the longest wait for service.
fn simulate_with_start_delay(server: Server, config: &Config, random: &mut Random) -> (Vec<Request>, f64) {
    let SendPlan { n, c, planned } = &config.plan;
    let is_together = planned.iter().all(|due| *due == 0.0);
    let share = if is_together && random.chance(1.0 / 3.0) { random.between(0.0, 0.2) } else { 0.0 };
    let delay = share * config.service_us;
    let delayed = SendPlan { n: *n, c: *c, planned: planned.iter().map(|due| due + delay).collect() };
    let mut requests = server::simulate(server, &delayed, &config.work(random));
    let waited =
        requests.iter().filter_map(|request| Some(request.entered? - request.sent)).fold(0.0, f64::max);
    for request in requests.iter_mut().filter(|request| request.planned.is_some()) {
        request.planned = request.planned.map(|due| due - delay);
        request.sent -= delay;
    }
    (requests, waited)
}

fn pool(family: Family, k: usize, config: &Config, random: &mut Random) -> Case {
    let (requests, waited) = simulate_with_start_delay(Server::Pool(k), config, random);
    // If no request waited, there was no limit.
    let truth = match k {
        _ if waited <= 0.05 * config.service_us => Kind::Parallel,
        1 => Kind::Sequential,
        _ => Kind::Limited,
    };
    let plain = config.is_plain(k);
    let k = (truth != Kind::Parallel).then_some(k as f64);
    Case { family, truth, k, plain, trace: config.trace(&requests, random) }
}

fn shared_processors(config: &Config, random: &mut Random) -> Case {
    let cores = random.log_uniform(1, 64);
    let config = config.together();
    let requests = server::simulate(Server::Cores(cores), &config.plan, &config.work(random));
    let truth = match config.plan.n as f64 / cores as f64 {
        // By the definition of parallel, all requests may be a little slower.
        load if load <= 1.25 => Kind::Parallel,
        _ if cores == 1 => Kind::Sequential,
        _ => Kind::Limited,
    };
    let plain = config.is_plain(cores);
    let k = (truth != Kind::Parallel).then_some(cores as f64);
    Case { family: Family::SharedProcessors, truth, k, plain, trace: config.trace(&requests, random) }
}

/// Each request awaits a tenth of its time, and then blocks its instance: no answer leaves the instance before its last
/// request is done.
fn blocked_instances(config: &Config, random: &mut Random) -> Case {
    let n = config.plan.n.min(200);
    let config = config.with_requests(n);
    let instances = random.log_uniform(1, n.min(64));
    let work = config.work(random);
    let mut requests = vec![Request { planned: Some(0.0), ..Request::default() }; n];
    let mut left = vec![0.0; n];
    for instance in 0..instances {
        let members = || (instance..n).step_by(instances);
        let mut now = 0.1 * config.service_us;
        for i in members() {
            now += 0.9 * work[i];
            left[i] = now;
        }
        members().for_each(|i| (requests[i].entered, requests[i].done) = (Some(0.0), now));
    }
    let mut trace = config.trace(&requests, random);
    for (i, row) in trace.rows.iter_mut().enumerate() {
        row.evidence = Some(Evidence {
            instance: format!("{:016x}", i % instances),
            endpoint: "e2-p4".to_owned(),
            style: "await-then-block".to_owned(),
            served: Some((i / instances) as u32 + 1),
            stay: Some(Stay { entered_ns: 1_000_000_000, left_ns: 1_000_000_000 + (left[i] * 1e3) as u64 }),
            start_ns: 1_000_000_000,
            host: None,
        });
    }
    let truth = match instances {
        _ if instances == n => Kind::Parallel,
        1 => Kind::Sequential,
        _ => Kind::Limited,
    };
    let k = (truth != Kind::Parallel).then_some(instances as f64);
    Case { family: Family::BlockedInstances, truth, k, plain: config.is_plain(instances), trace }
}

fn capped(config: &Config, random: &mut Random) -> Case {
    let cap = random.log_uniform(1, config.plan.n);
    let requests = server::simulate(Server::Capped(cap), &config.plan, &config.work(random));
    let has_refusals = requests.iter().any(|request| request.entered.is_none());
    let truth = if has_refusals { Kind::Refused } else { Kind::Parallel };
    let mut trace = config.trace(&requests, random);
    if random.chance(0.3) {
        let refused = trace.rows.iter_mut().filter(|row| row.outcome == Outcome::Answered(503));
        refused.for_each(|row| {
            row.outcome = Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset"))
        });
    }
    let plain = config.is_plain(usize::MAX) && !has_refusals;
    Case { family: Family::Capped, truth, k: None, plain, trace }
}

/// Some connects take a second longer, as with lost SYNs. With keep-alive they are done when the burst begins.
fn short_backlog(config: &Config, random: &mut Random) -> Case {
    let keep_alive = random.chance(0.5);
    let k = if random.chance(0.5) { usize::MAX } else { random.log_uniform(1, 64) };
    let case = pool(Family::ShortBacklog, k, config, random);
    let mut trace = Trace { keep_alive, ..case.trace };
    let share = random.between(0.05, 0.6);
    for row in &mut trace.rows {
        if random.chance(share) {
            row.connect_us = Some(1_007_000.0);
            if !keep_alive {
                row.done_us += 1_007_000.0;
            }
        }
    }
    Case { plain: case.plain && keep_alive, trace, ..case }
}

fn slow_generator(config: &Config, random: &mut Random) -> Case {
    let case = pool(Family::SlowGenerator, random.log_uniform(1, 64), config, random);
    let mut trace = case.trace;
    let mut late_us = 0.0_f64;
    match (random.uniform() * 3.0) as usize {
        0 => trace.generator.cpu = random.between(0.91, 1.0),
        1 => trace.generator.lag_p99_us = config.service_us * random.between(0.15, 1.0),
        _ => {
            // The generator needs this time for each send.
            let each = config.service_us * random.between(0.3, 1.0) / trace.schedule.connections() as f64;
            for (i, row) in trace.rows.iter_mut().enumerate().filter(|(_, row)| row.planned_us == Some(0.0)) {
                let late = each * (i + 1) as f64;
                row.sent_us = row.sent_us.map(|sent| sent + late);
                row.done_us += late;
                late_us = late_us.max(late);
            }
        }
    }
    let max_error_us = 0.1 * trace.service_ms * 1e3;
    let is_unusable =
        late_us > max_error_us || trace.generator.cpu > 0.9 || trace.generator.lag_p99_us > max_error_us;
    let truth = if is_unusable { Kind::Inconclusive } else { case.truth };
    let k = if truth == Kind::Inconclusive { None } else { case.k };
    Case { plain: false, truth, k, trace, ..case }
}
