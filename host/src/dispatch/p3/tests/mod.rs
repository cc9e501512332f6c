//! A model check of the poll loop, the queue and the client guard: shuttle chooses the order in which the tasks take locks,
//! and reports a deadlock if a wake-up is lost. The seeds are fixed, so each run checks the same schedules.

mod guest;
mod model;
mod polls;
mod request;

use std::future::poll_fn;
use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, future, thread};

use self::model::{LIMITS, Model};
use self::request::{Client, ShuttleLocks, State, any};
use super::client_guard::ClientGuard;
use super::environment::Pool;
use super::expiration::WorkerExpiration;
use super::occupancy::EndReason;
use super::worker_state::WorkerStatus;

const SEED: u64 = 24;
const SCHEDULES: usize = 2000;
const CLIENTS: usize = 3;
/// The requests of one client, one after the other: so many that instances are reused.
const REQUESTS: usize = 4;
/// How many of its decisions PCT may take against the priorities of the tasks.
const DEPTH: usize = 5;

fn check(scheduler: impl Scheduler + 'static) {
    Runner::new(scheduler, Config::new()).run(requests_that_race);
}

/// Clients send requests and leave. In some schedules, the admission control evicts instances, or time passes: not in all,
/// because either could make up for a lost wake-up.
fn requests_that_race() {
    let model = Model::new();
    let clients = [(); CLIENTS].map(|()| future::spawn(send_requests(model.clone())));
    let disturbances = [Model::evict, Model::let_instances_expire].map(|disturb| {
        let model = model.clone();
        any(2).then(|| thread::spawn(move || disturb(&model)))
    });
    future::block_on(async {
        for client in clients {
            client.await.unwrap();
        }
    });
    model.end_disturbances();
    for disturbance in disturbances.into_iter().flatten() {
        disturbance.join().unwrap();
    }
    model.end();
    model.assert_each_request_is_counted_once();
}

async fn send_requests(model: Model) {
    for _ in 0..REQUESTS {
        model.send(Client::any()).await;
    }
}

#[test]
fn no_request_is_lost_in_random_schedules() {
    check(RandomScheduler::new_from_seed(SEED, SCHEDULES));
}

#[test]
fn no_request_is_lost_in_schedules_with_few_preemptions() {
    check(PctScheduler::new_from_seed(SEED, DEPTH, SCHEDULES));
}

/// In all schedules: the client may leave before the instance takes its request, at the same time, or later.
#[test]
fn an_instance_notices_a_client_that_leaves() {
    shuttle::check_dfs(
        || {
            let guard = ClientGuard::<ShuttleLocks, ()>::new(());
            let (request, instance) = (guard.request_state(), Arc::<State>::default());
            let client = thread::spawn(move || drop(guard));
            request.start(&instance, None);
            future::block_on(request.cancelled());
            client.join().unwrap();
            assert_eq!(instance.counts(), (0, 1, 0));
        },
        None,
    );
}

/// In all schedules: the cancellation may come before the expiration is polled, at the same time, or later.
#[test]
fn an_instance_whose_requests_are_cancelled_ends() {
    shuttle::check_dfs(
        || {
            let guard = ClientGuard::<ShuttleLocks, ()>::new(());
            let (model, instance) = (Model::new(), Arc::<State>::default());
            guard.request_state().start(&instance, None);
            let client = thread::spawn(move || drop(guard));
            let status = (WorkerStatus::PostReturn, model.now());
            let mut expiration = WorkerExpiration::new(model, LIMITS, instance);
            let end = future::block_on(poll_fn(|context| expiration.poll(context, status)));
            assert_eq!(end, EndReason::Cancelled);
            client.join().unwrap();
        },
        None,
    );
}
