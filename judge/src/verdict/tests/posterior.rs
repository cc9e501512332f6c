//! A look at posteriors.
use super::*;
use crate::arrivals::ArrivalTimes;
use crate::findings::Findings;
use crate::model::Burst;
use crate::posterior::Posterior;
use simulator::mechanism::*;
use simulator::Random;
use crate::judgement::Kind;

fn show(label: &str, server: &mut dyn Server, service: Service, n: usize, c: usize) {
    let mut random = Random::new(5);
    let noise = Noise { network: 0.0003, delayed: 0.0, delay: 0.0 };
    let solos: Vec<f64> = (0..8).map(|_| service.draw(&mut random) * 1e3 + 0.3).collect();
    let burst = simulator::mechanism::burst(server, service, Load { n, c, spacing: 0.0 }, noise, &mut random);
    let rows: Vec<Row> = burst.requests.iter().enumerate().map(|(i, r)| Row { i, planned_us: r.planned.map(|p| p * 1e6), sent_us: Some(r.sent * 1e6), done_us: r.done * 1e6, outcome: Outcome::Answered(r.status), ..Row::default() }).collect();
    let baseline = crate::trace::Baseline::new(solos);
    let mut trace = Trace::new(Schedule { c, ..Schedule::together(n) }, baseline.median_ms().unwrap(), rows);
    trace.baseline = baseline;
    let began = std::time::Instant::now();
    let findings = Findings::of(&trace);
    let old = began.elapsed();
    let arrivals = ArrivalTimes::of(&trace);
    let began = std::time::Instant::now();
    let data = Burst::of(&trace, &arrivals, findings.offered, (findings.unlimited_ms, findings.one_at_a_time_ms)).unwrap();
    let p = Posterior::of(&data).unwrap();
    println!("== {label} n={n} {:?} old {:?} new {:?} cells {}", service, old, began.elapsed(), data.observed.cells.len());
    println!("   fit {:?}", p.fit);
    println!("   kinds par {:.3} seq {:.3} lim {:.3}; k {:?}", p.kind(Kind::Parallel), p.kind(Kind::Sequential), p.kind(Kind::Limited), p.at_a_time(|_| true));
    for m in p.mechanisms.iter().take(4) { println!("   {} {:.3} or {:?} {:?}", m.name, m.probability, m.or.iter().map(|n| n.as_str()).collect::<Vec<_>>(), serde_json::to_string(&m.parameters).unwrap()); }
    for e in p.explanations.iter().take(6) { println!("      {:?} log {:.1} prior {:.1} k {:?} {:?} mu {:?}", e.name, e.log, e.prior, e.k, e.kind, e.hypothesis.as_ref().map(|h| (h.service.median(), h.service.sigma))); }
}

#[test]
fn look() {
    for service in [Service::Constant(0.2), Service::LogNormal(0.2, 0.2), Service::LogNormal(0.2, 0.8)] {
        show("none", &mut unlimited::Unlimited::new(), service, 40, 40);
        show("pool 4", &mut pool::Pool::new(4), service, 40, 40);
        show("pool 10", &mut pool::Pool::new(10), service, 100, 100);
        show("pool 1", &mut pool::Pool::new(1), service, 10, 10);
        show("rate 20", &mut paced::Rate::new(20.0, 1, paced::Excess::Delayed), service, 40, 40);
        show("lock half", &mut lock::Lock::new(0.5, 1, lock::Held::Last), service, 20, 20);
        show("cpu 2", &mut shared_cpu::SharedCpu::new(2), service, 20, 20);
        show("batch 5", &mut batching::Batching::new(5, 0.01), service, 20, 20);
        show("cold", &mut instances::ColdStart::new(1, 1.0), service, 20, 20);
        show("growth", &mut pool::Pool::new(1).growing(0.4, 50), service, 40, 40);
        show("two speeds", &mut unlimited::Unlimited::backends(vec![(0.5, 1.0), (0.5, 3.0)]), service, 40, 40);
        show("pause", &mut unlimited::Unlimited::new().pausing(0.1, 0.3), service, 40, 40);
    }
    show("pool 10", &mut pool::Pool::new(10), Service::LogNormal(0.2, 0.2), 1000, 1000);
    show("none", &mut unlimited::Unlimited::new(), Service::LogNormal(0.2, 0.2), 1000, 1000);
    show("pool 100", &mut pool::Pool::new(100), Service::LogNormal(0.2, 0.5), 1000, 1000);
}
