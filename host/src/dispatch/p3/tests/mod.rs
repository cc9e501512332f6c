//! A model check of the poll loop, the queue and the client guard: shuttle chooses the order in which the tasks take locks,
//! and reports a deadlock if a wake-up is lost. The seeds are fixed, so each run checks the same schedules.

mod model;

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, future, thread};

use model::{Client, Departure, Model, Work};

const SEED: u64 = 24;
const SCHEDULES: usize = 3000;
const CLIENTS: usize = 4;
/// How many of its decisions PCT may take against the priorities of the tasks.
const DEPTH: usize = 4;

fn check(scheduler: impl Scheduler + 'static) {
    Runner::new(scheduler, Config::new()).run(requests_that_race);
}

/// Clients send requests and leave, while the admission control evicts instances and time passes.
fn requests_that_race() {
    let model = Model::new();
    let clients = [(); CLIENTS].map(|()| future::spawn(model.clone().send(any_client())));
    let others = [Model::evict, Model::let_instances_expire].map(|run| {
        let model = model.clone();
        thread::spawn(move || run(&model))
    });
    future::block_on(async {
        for client in clients {
            client.await.unwrap();
        }
    });
    for other in others {
        other.join().unwrap();
    }
    model.end();
    model.assert_each_request_is_counted_once();
}

fn any_client() -> Client {
    let departure = match thread_rng().gen_range(0..4) {
        0 => Departure::BeforeResponse,
        1 => Departure::BeforeEnd,
        _ => Departure::AfterEnd,
    };
    let work = match thread_rng().gen_range(0..3) {
        0 => Work::Computes,
        1 if departure == Departure::BeforeResponse => Work::Hangs,
        _ => Work::Waits,
    };
    Client { departure, work, works_afterwards: thread_rng().gen_range(0..2) == 0 }
}

#[test]
fn no_request_is_lost_in_random_schedules() {
    check(RandomScheduler::new_from_seed(SEED, SCHEDULES));
}

#[test]
fn no_request_is_lost_in_schedules_with_few_preemptions() {
    check(PctScheduler::new_from_seed(SEED, DEPTH, SCHEDULES));
}
