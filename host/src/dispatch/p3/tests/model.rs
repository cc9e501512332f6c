//! The environment of the model check: clients, guests, the admission control and the clock.

use std::future::pending;
use std::ops::DerefMut;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::sync::Mutex;
use shuttle::thread;

use super::any;
use crate::dispatch::isolation::InstanceLimits;
use crate::dispatch::p3::client_guard::{ClientGuard, RequestState};
use crate::dispatch::p3::environment::{GuestCalls, Pool, Timer};
use crate::dispatch::p3::instance_state::InstanceState;
use crate::dispatch::p3::lock::{Lock, Locks};
use crate::dispatch::p3::occupancy::EndReason;
use crate::dispatch::p3::poll_loop::{Availability, PollLoop};
use crate::dispatch::p3::queue::{Cancellable, DispatchQueue};

const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3600);
/// So few that instances are full, and that they drain.
pub const LIMITS: InstanceLimits = InstanceLimits {
    max_requests: 3,
    max_concurrent_requests: 2,
    idle_timeout: IDLE_TIMEOUT,
    request_timeout: Some(REQUEST_TIMEOUT),
};

pub struct ShuttleLocks;

impl Locks for ShuttleLocks {
    type Mutex<T> = Mutex<T>;
}

impl<T> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    fn lock(&self) -> impl DerefMut<Target = T> {
        self.lock().unwrap()
    }
}

pub type State = InstanceState<ShuttleLocks>;

/// A client and its request.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub departure: Departure,
    pub work: Work,
    /// Whether the guest works after the response.
    pub works_afterwards: bool,
}

/// When a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    BeforeResponse,
    /// Before the end of the response.
    BeforeEnd,
    AfterEnd,
}

/// What a guest does before it responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Computes,
    Waits,
    /// It never responds, and keeps its instance at work.
    Hangs,
}

pub struct Request {
    client: Client,
    state: Arc<RequestState<ShuttleLocks, ()>>,
    response: oneshot::Sender<()>,
    /// Dropped when the instance is done with the request.
    handling: oneshot::Sender<()>,
}

/// The client's side of a request.
pub struct Sent {
    guard: ClientGuard<ShuttleLocks, ()>,
    received: oneshot::Receiver<()>,
    handled: oneshot::Receiver<()>,
}

impl Request {
    pub fn new(client: Client) -> (Self, Sent) {
        let guard = ClientGuard::new(());
        let (response, received) = oneshot::channel();
        let (handling, handled) = oneshot::channel();
        (Self { client, state: guard.request_state(), response, handling }, Sent { guard, received, handled })
    }
}

impl Cancellable for Request {
    fn is_cancelled(&self) -> bool {
        self.response.is_canceled()
    }
}

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
        let guest = Guest::new(&self, state.clone());
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

/// The guest of one instance.
struct Guest<'a> {
    model: &'a Model,
    state: Arc<State>,
    total: AtomicUsize,
    /// The number of requests without a response.
    requests: AtomicUsize,
    has_cancelled: AtomicBool,
    /// The number of responses after which the guest still works.
    tasks: AtomicUsize,
    /// The number of cancelled requests on which the guest works without end.
    hanging: AtomicUsize,
}

impl<'a> Guest<'a> {
    fn new(model: &'a Model, state: Arc<State>) -> Self {
        Self {
            model,
            state,
            total: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            has_cancelled: AtomicBool::new(false),
            tasks: AtomicUsize::new(0),
            hanging: AtomicUsize::new(0),
        }
    }

    fn assert_may_take(&self) {
        assert!(self.state.become_busy(), "an evicted instance takes no request");
        assert!(!self.has_cancelled.load(Relaxed), "an instance with a cancelled request takes no other");
        assert!(self.total.fetch_add(1, Relaxed) < LIMITS.max_requests);
        assert!(self.requests.fetch_add(1, Relaxed) < LIMITS.max_concurrent_requests);
    }
}

impl GuestCalls for Guest<'_> {
    type Request = Request;

    fn is_ready(&self, _: &mut Context<'_>) -> bool {
        true
    }

    fn has_tasks(&self, context: &mut Context<'_>) -> bool {
        let is_working = self.tasks.load(Relaxed) > 0;
        if is_working {
            self.tasks.fetch_sub(1, Relaxed);
            context.waker().wake_by_ref();
        }
        is_working || self.hanging.load(Relaxed) > 0
    }

    fn handle(&self, request: Request) -> impl Future<Output = wasmtime::Result<bool>> {
        let Request { client, state, response, handling } = request;
        self.assert_may_take();
        self.model.0.taken.fetch_add(1, Relaxed);
        state.start(&self.state, Some(self.model.now() + REQUEST_TIMEOUT));
        async move {
            let work = async {
                match client.work {
                    Work::Computes => {}
                    Work::Waits => yield_now().await,
                    Work::Hangs => pending().await,
                }
            };
            let has_response = matches!(select(pin!(work), pin!(state.cancelled())).await, Either::Left(_));
            self.requests.fetch_sub(1, Relaxed);
            if has_response {
                self.tasks.fetch_add(usize::from(client.works_afterwards), Relaxed);
                let _ = response.send(());
            } else {
                self.has_cancelled.store(true, Relaxed);
                self.hanging.fetch_add(usize::from(client.work == Work::Hangs), Relaxed);
            }
            drop(handling);
            Ok(has_response)
        }
    }
}
