//! The environment of the model check: the pool of instances, the admission control, and the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use shuttle::future::{JoinHandle, block_on, spawn};
use shuttle::sync::Mutex;
use shuttle::thread;

use super::guest::Guest;
use super::request::{Client, Departure, Request, Sent, ShuttleLocks, State, any};
use crate::dispatch::isolation::InstanceLimits;
use crate::dispatch::p3::environment::{Pool, Timer};
use crate::dispatch::p3::occupancy::EndReason;
use crate::dispatch::p3::poll_loop::{Availability, PollLoop};
use crate::dispatch::p3::queue::DispatchQueue;

const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3600);
/// So few that instances are full, and that they drain.
pub const LIMITS: InstanceLimits = InstanceLimits {
    max_requests: 3,
    max_concurrent_requests: 2,
    idle_timeout: IDLE_TIMEOUT,
    request_timeout: Some(REQUEST_TIMEOUT),
};

/// The component's pool, the admission control, and the clock.
#[derive(Clone)]
pub struct Model(Arc<Shared>);

struct Shared {
    queue: Arc<DispatchQueue<Request, ShuttleLocks>>,
    instances: Mutex<Vec<Instance>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// The admission control's list.
    idle: Mutex<Vec<Arc<State>>>,
    clock: Mutex<Clock>,
    /// Requests whose clients have left: ready when an instance has noticed it.
    abandoned: Mutex<Vec<oneshot::Receiver<()>>>,
    /// Whether no client sends requests any more.
    has_ended: AtomicBool,
    taken: AtomicUsize,
    completed: AtomicUsize,
}

struct Instance {
    state: Arc<State>,
    /// Ready when the instance's permit is free.
    ended: Option<oneshot::Receiver<()>>,
}

struct Clock {
    now: Instant,
    /// Whether the timeout of an idle instance passes at once.
    is_fast: bool,
    wakers: Vec<Waker>,
}

impl Model {
    pub fn new() -> Self {
        let clock = Clock { now: Instant::now(), is_fast: false, wakers: Vec::new() };
        Self(Arc::new(Shared {
            queue: Arc::default(),
            instances: Mutex::default(),
            tasks: Mutex::default(),
            idle: Mutex::default(),
            clock: Mutex::new(clock),
            abandoned: Mutex::default(),
            has_ended: AtomicBool::new(false),
            taken: AtomicUsize::new(0),
            completed: AtomicUsize::new(0),
        }))
    }

    /// Sends a request, as `P3Handler::respond` does.
    pub async fn send(&self, client: Client) {
        let (request, Sent { guard, received, handled }) = Request::new(client);
        if let first @ Some(_) = self.push(request) {
            self.start(first);
        }
        if client.departure == Departure::BeforeResponse {
            drop((received, guard));
            self.0.abandoned.lock().unwrap().push(handled);
            return;
        }
        received.await.expect("a request whose client stays has a response");
        guard.response_started();
        if client.departure == Departure::AfterEnd {
            self.notice_abandoned().await;
            guard.complete();
            self.0.completed.fetch_add(1, Relaxed);
        }
    }

    /// Waits until instances have noticed which clients have left, while another request of these instances isn't complete:
    /// its end wakes them, too.
    async fn notice_abandoned(&self) {
        let abandoned = std::mem::take(&mut *self.0.abandoned.lock().unwrap());
        for handled in abandoned {
            // The receiver's error says that the sender is dropped.
            let _ = handled.await;
        }
    }

    /// Evicts instances. Each must end without the help of a timeout.
    pub fn evict(&self) {
        while !self.0.has_ended.load(Relaxed) {
            let idle = self.0.idle.lock().unwrap().pop();
            match idle {
                Some(state) if state.evict() => {
                    let _ = block_on(self.ended(&state));
                }
                _ => thread::yield_now(),
            }
        }
    }

    /// Lets the timeout of idle instances pass now and then.
    pub fn let_instances_expire(&self) {
        while !self.0.has_ended.load(Relaxed) {
            if any(8) {
                self.change_clock(|clock| clock.now += IDLE_TIMEOUT);
            }
            thread::yield_now();
        }
    }

    pub fn end_disturbances(&self) {
        self.0.has_ended.store(true, Relaxed);
    }

    /// Lets idle instances expire, and waits for all instances.
    pub fn end(&self) {
        self.change_clock(|clock| clock.is_fast = true);
        loop {
            let Some(task) = self.0.tasks.lock().unwrap().pop() else { return };
            block_on(task).unwrap();
        }
    }

    pub fn assert_each_request_is_counted_once(&self) {
        let mut cancelled = 0;
        for instance in self.0.instances.lock().unwrap().iter() {
            let (active, cancelled_here, deadlines) = instance.state.counts();
            assert_eq!((active, deadlines), (0, 0));
            cancelled += cancelled_here;
        }
        assert_eq!(self.0.completed.load(Relaxed) + cancelled, self.0.taken.load(Relaxed));
        assert!(self.0.queue.is_empty());
    }

    /// Returns the request if no instance is available.
    pub fn push(&self, request: Request) -> Option<Request> {
        self.0.queue.push(request)
    }

    pub fn availability(&self) -> Availability<Self> {
        Availability::new(self.clone(), self.0.queue.consumer())
    }

    fn start(&self, first: Option<Request>) {
        let task = spawn(self.clone().run_instance(first));
        self.0.tasks.lock().unwrap().push(task);
    }

    async fn run_instance(self, first: Option<Request>) {
        let mut availability = self.availability();
        // Dropped before `availability`, as an instance's permit is.
        let (_permit, ended) = oneshot::channel();
        let poll_loop = PollLoop::new(self.clone(), LIMITS);
        let state = poll_loop.state.clone();
        self.0.instances.lock().unwrap().push(Instance { state: state.clone(), ended: Some(ended) });
        let guest = Guest::new(LIMITS, state.clone(), &self.0.taken, self.now() + REQUEST_TIMEOUT);
        let result = poll_loop.run(poll_loop.serve(&guest, &mut availability, first)).await;
        let reason = result.err().map(|error| error.downcast::<EndReason>().unwrap());
        assert!(matches!(reason, None | Some(EndReason::Cancelled)), "{reason:?}");
        self.0.idle.lock().unwrap().retain(|other| !Arc::ptr_eq(other, &state));
    }

    fn ended(&self, state: &Arc<State>) -> oneshot::Receiver<()> {
        let mut instances = self.0.instances.lock().unwrap();
        let instance = instances.iter_mut().find(|instance| Arc::ptr_eq(&instance.state, state));
        instance.and_then(|instance| instance.ended.take()).expect("an instance is evicted once")
    }

    fn change_clock(&self, change: impl FnOnce(&mut Clock)) {
        let wakers = {
            let mut clock = self.0.clock.lock().unwrap();
            change(&mut clock);
            std::mem::take(&mut clock.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Pool for Model {
    type Locks = ShuttleLocks;
    type Request = Request;
    type Timer = ModelTimer;

    fn now(&self) -> Instant {
        self.0.clock.lock().unwrap().now
    }

    fn timer(&self) -> ModelTimer {
        ModelTimer(self.clone())
    }

    fn add_idle(&self, state: Arc<State>) {
        self.0.idle.lock().unwrap().push(state);
    }

    fn notify_capacity(&self) {}

    fn start_instance(&self) {
        self.start(None);
    }
}

pub struct ModelTimer(Model);

impl Timer for ModelTimer {
    fn poll_until(&mut self, context: &mut Context<'_>, time: Instant) -> Poll<()> {
        let mut clock = self.0.0.clock.lock().unwrap();
        let reached = if clock.is_fast { clock.now + IDLE_TIMEOUT } else { clock.now };
        if time <= reached {
            return Poll::Ready(());
        }
        clock.wakers.push(context.waker().clone());
        Poll::Pending
    }
}
