//! Cases of all kinds at random.

use judge::schedule::Schedule;
use judge::trace::{ErrorKind, Evidence, Fault, Generator, MissingData, Outcome, Row, Trace};
use judge::verdict::Kind;

use crate::server::{self, Sends, Server, Way};
use crate::{Case, Family, Random};

/// How service times vary.
#[derive(Debug, Clone, Copy)]
pub enum Spread {
    /// Evenly, by a share to either side.
    Even,
    /// Log-normally, by a sigma of twice that share: some take several times as long as others.
    Tailed,
}

/// A burst that is to be made.
struct Setting {
    sends: Sends,
    service_us: f64,
    /// By how much service times vary, to either side, as a share.
    jitter: f64,
    spread: Spread,
    /// Whether the replies say when they were inside a handler.
    evidence: bool,
}

/// One of any kind.
pub fn case(random: &mut Random, spread: Spread) -> Case {
    let family = Family::ALL[(random.share() * 3.0) as usize];
    // Half are of the plain servers, half of the others.
    let family = if random.chance(0.6) { family } else { Family::ALL[3 + (random.share() * 5.0) as usize] };
    let setting = Setting::any(random, spread);
    let k = random.size(2, 64);
    match family {
        Family::Pool => pooled(family, k, &setting, random),
        Family::EventLoop => pooled(family, 1, &setting, random),
        Family::Unlimited => pooled(family, usize::MAX, &setting, random),
        Family::SharedProcessors => shared(&setting, random),
        Family::BlockedInstances => blocked(&setting, random),
        Family::Capped => capped(&setting, random),
        Family::ShortBacklog => short_backlog(&setting, random),
        Family::SlowGenerator => slow_generator(&setting, random),
    }
}

impl Setting {
    fn any(random: &mut Random, spread: Spread) -> Self {
        let service_us = random.size(20_000, 2_000_000) as f64;
        let jitter = if random.chance(0.5) { random.between(0.0, 0.1) } else { random.between(0.0, 0.3) };
        let sends = sends(service_us, random);
        Self { sends, service_us, jitter, spread, evidence: random.chance(0.3) }
    }

    /// The same, but all at once.
    fn together(&self) -> Self {
        let Self { service_us, jitter, spread, evidence, .. } = *self;
        let n = self.sends.n;
        Self { sends: Sends { n, c: n, planned: vec![0.0; n] }, service_us, jitter, spread, evidence }
    }

    fn service(&self, random: &mut Random) -> f64 {
        self.service_us
            * match self.spread {
                Spread::Even => 1.0 + self.jitter * random.between(-1.0, 1.0),
                Spread::Tailed => (2.0 * self.jitter * random.normal()).exp(),
            }
    }

    fn works(&self, random: &mut Random) -> Vec<f64> {
        (0..self.sends.n).map(|_| self.service(random)).collect()
    }

    /// Whether one at a time would clearly take longer than all at once, and long enough to see k.
    fn is_plain(&self, k: usize) -> bool {
        let Sends { n, .. } = self.sends;
        let ideal = |server| {
            let ways = server::run(server, &self.sends, &vec![self.service_us; n]);
            ways.iter().map(|way| way.done).fold(0.0, f64::max)
        };
        let (all, one) = (ideal(Server::Pool(usize::MAX)), ideal(Server::Pool(1)));
        self.jitter <= 0.1 && (k == usize::MAX || n >= 3 * k) && one >= 1.6 * all
    }

    fn trace(&self, ways: &[Way], random: &mut Random) -> Trace {
        let alone = self.service(random);
        let Sends { n, c, .. } = self.sends;
        Trace {
            schedule: Schedule { c, ..Schedule::together(n) },
            service_ms: (alone + self.noise(random)) / 1e3,
            rows: ways.iter().enumerate().map(|(i, way)| self.row(i, way, random)).collect(),
            shared_clock: true,
            keep_alive: true,
            generator: Generator {
                cpu: random.between(0.01, 0.6),
                lag_p99_us: random.between(50.0, 1_500.0),
            },
            missing: MissingData::default(),
        }
    }

    /// What the way there and back adds.
    fn noise(&self, random: &mut Random) -> f64 {
        random.between(100.0, 400.0)
    }

    fn row(&self, i: usize, way: &Way, random: &mut Random) -> Row {
        let ns = |us: f64| 1_000_000_000 + (us * 1e3) as u64;
        let evidence = self.evidence.then_some(way.entered).flatten().map(|entered| Evidence {
            instance: format!("{i:016x}"),
            endpoint: "e1-p1".to_owned(),
            style: "sync".to_owned(),
            served: 1,
            entered_ns: ns(entered),
            left_ns: ns(way.done),
            start_ns: ns(0.0),
            host: None,
        });
        Row {
            i,
            connect_us: Some(random.between(50.0, 1_000.0)),
            planned_us: way.planned,
            sent_us: Some(way.sent + random.between(0.0, 50.0)),
            first_byte_us: Some(way.done),
            done_us: way.done + self.noise(random),
            outcome: if way.entered.is_some() { Outcome::Answered(200) } else { Outcome::Answered(503) },
            evidence,
            ..Row::default()
        }
    }
}

/// All at once, in a closed loop, spaced, or at a rate.
fn sends(service_us: f64, random: &mut Random) -> Sends {
    let n = random.size(3, 2_000);
    let c = random.size(1.min(n), n);
    let spaced = |gap: f64, count: usize| (0..count).map(|i| gap * i as f64).collect();
    match (random.share() * 20.0) as usize {
        0..10 => Sends { n, c: n, planned: vec![0.0; n] },
        10..15 => Sends { n, c, planned: vec![0.0; c] },
        15..17 => Sends { n, c: n, planned: spaced(service_us * random.between(0.0, 2.0) / n as f64, n) },
        17..18 => Sends { n, c, planned: spaced(service_us / c as f64, c) },
        way => {
            // So many at a time, were there no limit.
            let load = random.size(1, 100) as f64;
            let gap = service_us / load;
            let mut planned: Vec<f64> = spaced(gap, n);
            if way == 19 {
                let mut at = 0.0;
                planned.iter_mut().for_each(|due| {
                    *due = at;
                    at += random.gap(gap);
                });
            }
            Sends { n, c: n.min(500), planned }
        }
    }
}

/// The ways of the requests, and how long one of them waited for a place. One in three bursts that are released together
/// meets a server that is busy with something else, and takes it up late.
fn taken_up_late(server: Server, setting: &Setting, random: &mut Random) -> (Vec<Way>, f64) {
    let Sends { n, c, planned } = &setting.sends;
    let is_together = planned.iter().all(|due| *due == 0.0);
    let share = if is_together && random.chance(1.0 / 3.0) { random.between(0.0, 0.2) } else { 0.0 };
    let late = share * setting.service_us;
    let seen = Sends { n: *n, c: *c, planned: planned.iter().map(|due| due + late).collect() };
    let mut ways = server::run(server, &seen, &setting.works(random));
    let waited = ways.iter().filter_map(|way| Some(way.entered? - way.sent)).fold(0.0, f64::max);
    for way in ways.iter_mut().filter(|way| way.planned.is_some()) {
        way.planned = way.planned.map(|due| due - late);
        way.sent -= late;
    }
    (ways, waited)
}

fn pooled(family: Family, k: usize, setting: &Setting, random: &mut Random) -> Case {
    let (ways, waited) = taken_up_late(Server::Pool(k), setting, random);
    // A limit that nobody had to wait for is none.
    let truth = match k {
        _ if waited <= 0.05 * setting.service_us => Kind::Parallel,
        1 => Kind::Sequential,
        _ => Kind::Limited,
    };
    let plain = setting.is_plain(k);
    let k = (truth != Kind::Parallel).then_some(k as f64);
    Case { family, truth, k, plain, trace: setting.trace(&ways, random) }
}

fn shared(setting: &Setting, random: &mut Random) -> Case {
    let cores = random.size(1, 64);
    let together = setting.together();
    let ways = server::run(Server::Cores(cores), &together.sends, &together.works(random));
    let truth = match together.sends.n as f64 / cores as f64 {
        // All of them a little slower is still in parallel, by what the word means here.
        load if load <= 1.25 => Kind::Parallel,
        _ if cores == 1 => Kind::Sequential,
        _ => Kind::Limited,
    };
    let plain = together.is_plain(cores);
    let k = (truth != Kind::Parallel).then_some(cores as f64);
    Case { family: Family::SharedProcessors, truth, k, plain, trace: together.trace(&ways, random) }
}

/// Each request awaits a tenth of its time, and then blocks its instance: no answer leaves that before the last
/// is done.
fn blocked(setting: &Setting, random: &mut Random) -> Case {
    let mut setting = setting.together();
    let n = setting.sends.n.min(200);
    setting.sends = Sends { n, c: n, planned: vec![0.0; n] };
    let instances = random.size(1, n.min(64));
    let works = setting.works(random);
    let mut ways = vec![Way { planned: Some(0.0), ..Way::default() }; n];
    let mut left = vec![0.0; n];
    for instance in 0..instances {
        let members = || (instance..n).step_by(instances);
        let mut now = 0.1 * setting.service_us;
        for i in members() {
            now += 0.9 * works[i];
            left[i] = now;
        }
        members().for_each(|i| (ways[i].entered, ways[i].done) = (Some(0.0), now));
    }
    let mut trace = setting.trace(&ways, random);
    for (i, row) in trace.rows.iter_mut().enumerate() {
        row.evidence = Some(Evidence {
            instance: format!("{:016x}", i % instances),
            endpoint: "e2-p4".to_owned(),
            style: "await-then-block".to_owned(),
            served: (i / instances) as u32 + 1,
            entered_ns: 1_000_000_000,
            left_ns: 1_000_000_000 + (left[i] * 1e3) as u64,
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
    Case { family: Family::BlockedInstances, truth, k, plain: setting.is_plain(instances), trace }
}

fn capped(setting: &Setting, random: &mut Random) -> Case {
    let cap = random.size(1, setting.sends.n);
    let ways = server::run(Server::Capped(cap), &setting.sends, &setting.works(random));
    let refused = ways.iter().any(|way| way.entered.is_none());
    let truth = if refused { Kind::Refused } else { Kind::Parallel };
    let mut trace = setting.trace(&ways, random);
    if random.chance(0.3) {
        let away = trace.rows.iter_mut().filter(|row| row.outcome == Outcome::Answered(503));
        away.for_each(|row| {
            row.outcome = Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset"))
        });
    }
    let plain = setting.is_plain(usize::MAX) && !refused;
    Case { family: Family::Capped, truth, k: None, plain, trace }
}

/// Some connects take a second more, as lost SYNs do. With keep-alive they are over when the burst begins.
fn short_backlog(setting: &Setting, random: &mut Random) -> Case {
    let keep_alive = random.chance(0.5);
    let k = if random.chance(0.5) { usize::MAX } else { random.size(1, 64) };
    let case = pooled(Family::ShortBacklog, k, setting, random);
    let mut trace = Trace { keep_alive, ..case.trace };
    let late = random.between(0.05, 0.6);
    for row in &mut trace.rows {
        if random.chance(late) {
            row.connect_us = Some(1_007_000.0);
            if !keep_alive {
                row.done_us += 1_007_000.0;
            }
        }
    }
    Case { plain: case.plain && keep_alive, trace, ..case }
}

fn slow_generator(setting: &Setting, random: &mut Random) -> Case {
    let case = pooled(Family::SlowGenerator, random.size(1, 64), setting, random);
    let mut trace = case.trace;
    let mut late_us = 0.0_f64;
    match (random.share() * 3.0) as usize {
        0 => trace.generator.cpu = random.between(0.91, 1.0),
        1 => trace.generator.lag_p99_us = setting.service_us * random.between(0.15, 1.0),
        _ => {
            // It sends one by one, and takes too long for that.
            let each = setting.service_us * random.between(0.3, 1.0) / trace.schedule.connections() as f64;
            for (i, row) in trace.rows.iter_mut().enumerate().filter(|(_, row)| row.planned_us == Some(0.0)) {
                let late = each * (i + 1) as f64;
                row.sent_us = row.sent_us.map(|sent| sent + late);
                row.done_us += late;
                late_us = late_us.max(late);
            }
        }
    }
    let blur_us = 0.1 * trace.service_ms * 1e3;
    let blurred = late_us > blur_us || trace.generator.cpu > 0.9 || trace.generator.lag_p99_us > blur_us;
    let truth = if blurred { Kind::Inconclusive } else { case.truth };
    let k = if truth == Kind::Inconclusive { None } else { case.k };
    Case { plain: false, truth, k, trace, ..case }
}
