use super::batching::Batching;
use super::instances::ColdStart;
use super::lock::{Held, Lock};
use super::outside::{Congested, Ticking};
use super::paced::{Cost, Excess, Rate};
use super::pool::{Order, Pool, Sticky};
use super::shared_cpu::SharedCpu;
use super::unlimited::{SingleFlight, Unlimited};
use super::{Burst, Load, Noise, Server, Service, burst};
use crate::Random;

const QUIET: Noise = Noise { network: 0.0, delayed: 0.0, delay: 0.0 };
const SECOND: Service = Service::Constant(1.0);

fn together(n: usize) -> Load {
    Load { n, c: n, spacing: 0.0 }
}

fn fired(mut server: impl Server, service: Service, load: Load) -> Burst {
    burst(&mut server, service, load, QUIET, &mut Random::new(1))
}

/// The times of the answers, sorted, in hundredths of a second.
fn times(server: impl Server, load: Load) -> Vec<i64> {
    let burst = fired(server, SECOND, load);
    let mut times: Vec<i64> =
        burst.requests.iter().map(|request| (request.done * 100.0).round() as i64).collect();
    times.sort_unstable();
    times
}

#[test]
fn a_pool_answers_in_waves_in_any_order() {
    for order in [Order::Fifo, Order::Lifo, Order::Random] {
        let waves = times(Pool::new(2).ordered(order), together(5));
        assert_eq!(waves, [100, 100, 200, 200, 300], "{order:?}");
    }
}

#[test]
fn the_order_decides_who_is_served() {
    let spaced = Load { n: 3, c: 3, spacing: 0.1 };
    let done = |order| {
        let burst = fired(Pool::new(1).ordered(order), SECOND, spaced);
        burst.requests.iter().map(|request| request.done.round() as i64).collect::<Vec<_>>()
    };
    assert_eq!(done(Order::Fifo), [1, 2, 3]);
    assert_eq!(done(Order::Lifo), [1, 3, 2]);
}

#[test]
fn a_closed_loop_sends_the_next_request_after_an_answer() {
    let load = Load { n: 5, c: 2, spacing: 0.0 };
    assert_eq!(times(Pool::new(9), load), [100, 100, 200, 200, 300]);
    let burst = fired(Pool::new(9), SECOND, load);
    assert_eq!(burst.requests.iter().filter(|request| request.planned.is_some()).count(), 2);
}

#[test]
fn a_pool_grows_refuses_and_gives_up() {
    assert_eq!(times(Pool::new(1).growing(0.4, 3), together(4)), [100, 140, 180, 200]);
    let statuses = |server| {
        let burst = fired(server, SECOND, together(4));
        burst.requests.iter().map(|request| request.status).collect::<Vec<_>>()
    };
    assert_eq!(statuses(Pool::new(1).capped(1)), [200, 200, 503, 503]);
    assert_eq!(statuses(Pool::new(1).deadline(1.5)), [200, 200, 503, 503]);
}

#[test]
fn a_connection_stays_with_its_process() {
    let burst = fired(Sticky::new(3, 1), SECOND, together(30));
    let last = burst.requests.iter().map(|request| request.done).fold(0.0, f64::max);
    assert!(last > 10.0, "no process has exactly ten of thirty: {last}");
}

#[test]
fn a_rate_paces_starts_and_a_bucket_lets_some_pass() {
    assert_eq!(times(Rate::new(10.0, 1, Excess::Delayed), together(3)), [100, 110, 120]);
    assert_eq!(times(Rate::new(10.0, 3, Excess::Delayed), together(4)), [100, 100, 100, 110]);
    let burst = fired(Rate::new(10.0, 2, Excess::Refused), SECOND, together(4));
    assert_eq!(burst.requests.iter().filter(|request| request.status == 429).count(), 2);
    assert_eq!(times(Cost::new(0.1), together(3)), [110, 120, 130]);
}

#[test]
fn a_lock_serialises_its_share() {
    assert_eq!(times(Lock::new(0.5, 1, Held::Last), together(3)), [100, 150, 200]);
    assert_eq!(times(Lock::new(0.5, 1, Held::First), together(3)), [100, 150, 200]);
    assert_eq!(times(Lock::new(0.5, 2, Held::Last), together(4)), [100, 100, 150, 150]);
}

#[test]
fn processors_are_shared_alike() {
    assert_eq!(times(SharedCpu::new(2), together(4)), [200, 200, 200, 200]);
    assert_eq!(times(SharedCpu::new(1), Load { n: 2, c: 2, spacing: 0.5 }), [150, 200]);
}

#[test]
fn batches_are_served_together() {
    assert_eq!(times(Batching::new(2, 0.05), together(5)), [100, 100, 200, 200, 305]);
}

#[test]
fn new_instances_start_late() {
    assert_eq!(times(ColdStart::new(1, 0.5), together(3)), [100, 150, 150]);
    assert_eq!(times(ColdStart::new(0, 0.5).contended(1.0), together(2)), [150, 200]);
}

#[test]
fn servers_without_limit_fail_pause_and_share() {
    assert_eq!(times(Unlimited::new().pausing(0.5, 0.3), together(2)), [130, 130]);
    assert_eq!(times(Unlimited::backends(vec![(1.0, 2.0)]), together(2)), [200, 200]);
    let burst = fired(Unlimited::new().failing(0.25), SECOND, together(400));
    let failed = burst.requests.iter().filter(|request| request.status == 500).count();
    assert!((70..130).contains(&failed), "{failed}");
    assert_eq!(times(SingleFlight::default(), Load { n: 3, c: 3, spacing: 0.3 }), [100, 100, 100]);
}

#[test]
fn servers_outside_the_models_answer_all() {
    assert_eq!(times(Congested::new(1, 0.5), together(3)), [100, 250, 350]);
    assert_eq!(times(Ticking::new(0.3), together(2)), [120, 120]);
}

#[test]
fn a_seed_repeats_its_burst() {
    let noisy = Noise { network: 0.001, delayed: 0.1, delay: 0.05 };
    let run = || {
        let mut random = Random::new(3);
        let service = Service::LogNormal(0.2, 0.5);
        burst(&mut Pool::new(3), service, Load { n: 40, c: 10, spacing: 0.0 }, noisy, &mut random)
    };
    assert_eq!(run(), run());
    assert_eq!(run().requests.len(), 40);
}
