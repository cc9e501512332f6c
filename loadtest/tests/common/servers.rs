//! Servers with a known model of service. Their answers show it only by their times.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore};

/// How requests that arrive together are served.
#[derive(Debug, Clone, Copy)]
pub enum Model {
    /// This many are served at a time; the others wait.
    Pool(usize),
    /// This many are served at a time; the others get 503 at once.
    Unavailable(usize),
    /// This many are served at a time; the connections of the others are reset.
    Resets(usize),
    /// A request starts this long after the one before it, however many are in service.
    Paced(Duration),
    /// All requests in flight share this many processors.
    Sharing(usize),
    /// Requests are served one after the other, and all answers are sent when the last is done.
    Batches,
    /// This many requests are answered, and no more.
    Silent(usize),
    /// After this many requests, nobody listens any more.
    Gone(usize),
}

impl Model {
    /// One request at a time, as in an event loop that blocks.
    pub const EVENT_LOOP: Self = Self::Pool(1);
    /// All at once.
    pub const UNLIMITED: Self = Self::Pool(Semaphore::MAX_PERMITS);
}

#[derive(Debug, Clone, Copy)]
pub struct ServerSpec {
    pub model: Model,
    /// The service time of one request alone.
    pub service: Duration,
    /// The maximum deviation of a service time, as a share.
    pub jitter: f64,
    /// The number of first requests that take three times as long.
    pub slow: usize,
    /// The length of the accept queue.
    pub backlog: u32,
}

impl ServerSpec {
    pub fn of(model: Model, service: Duration) -> Self {
        Self { model, service, jitter: 0.0, slow: 0, backlog: 1024 }
    }
}

/// A server that runs until the test's runtime ends.
#[derive(Clone)]
pub struct SyntheticServer {
    pub url: String,
    /// The number of requests.
    pub requests: Arc<AtomicUsize>,
    /// The maximum number of requests in flight.
    pub max_in_flight: Arc<AtomicUsize>,
}

pub async fn serve(spec: ServerSpec) -> SyntheticServer {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let listener = socket.listen(spec.backlog).expect("it listens");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let server = SyntheticServer { url, requests: Arc::default(), max_in_flight: Arc::default() };
    let state = Arc::new(State::new(spec, server.clone()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if matches!(spec.model, Model::Gone(requests) if state.server.requests.load(SeqCst) >= requests) {
                return;
            }
            tokio::spawn(connection(stream, state.clone()));
        }
    });
    server
}

/// What all connections share.
struct State {
    spec: ServerSpec,
    server: SyntheticServer,
    in_flight: AtomicUsize,
    permits: Semaphore,
    /// When the next paced request may start.
    next_start: Mutex<Instant>,
    /// Held by the request of the batch that is being served.
    turn: tokio::sync::Mutex<()>,
    /// The number of requests of the batch that are not done.
    unfinished: Mutex<usize>,
    batch_done: Notify,
}

enum Answer {
    Served,
    Unavailable,
    Reset,
}

/// Answers sequential requests without a body.
async fn connection(mut stream: TcpStream, state: Arc<State>) {
    let mut head = Vec::new();
    loop {
        // The head stays unread until the answer is known: closing a socket with unread bytes resets the connection.
        if stream.readable().await.is_err() || matches!(stream.peek(&mut [0]).await, Ok(0) | Err(_)) {
            return;
        }
        let answer = state.answer().await;
        if matches!(answer, Answer::Reset) {
            return;
        }
        head.clear();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_buf(&mut head).await {
                Ok(1..) => {}
                _ => return,
            }
        }
        let status = if matches!(answer, Answer::Served) { "200 OK" } else { "503 Service Unavailable" };
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok");
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn new(spec: ServerSpec, server: SyntheticServer) -> Self {
        let permits = match spec.model {
            Model::Pool(k) | Model::Unavailable(k) | Model::Resets(k) => k,
            Model::Paced(_) | Model::Sharing(_) | Model::Batches | Model::Silent(_) | Model::Gone(_) => {
                Semaphore::MAX_PERMITS
            }
        };
        Self {
            spec,
            server,
            in_flight: AtomicUsize::new(0),
            permits: Semaphore::new(permits),
            next_start: Mutex::new(Instant::now()),
            turn: tokio::sync::Mutex::new(()),
            unfinished: Mutex::new(0),
            batch_done: Notify::new(),
        }
    }

    async fn answer(&self) -> Answer {
        let number = self.server.requests.fetch_add(1, SeqCst);
        let in_flight = self.in_flight.fetch_add(1, SeqCst) + 1;
        self.server.max_in_flight.fetch_max(in_flight, SeqCst);
        let answer = self.served(number, self.work(number)).await;
        self.in_flight.fetch_sub(1, SeqCst);
        answer
    }

    async fn served(&self, number: usize, work: Duration) -> Answer {
        match self.spec.model {
            Model::Pool(_) => {
                let _permit = self.permits.acquire().await;
                tokio::time::sleep(work).await;
            }
            Model::Unavailable(_) | Model::Resets(_) => match self.permits.try_acquire() {
                Ok(_permit) => tokio::time::sleep(work).await,
                Err(_) if matches!(self.spec.model, Model::Resets(_)) => return Answer::Reset,
                Err(_) => return Answer::Unavailable,
            },
            Model::Paced(gap) => {
                let start = {
                    let mut next = self.next_start.lock().expect("no panic");
                    let start = Instant::now().max(*next);
                    *next = start + gap;
                    start
                };
                tokio::time::sleep_until((start + work).into()).await;
            }
            Model::Sharing(processors) => self.share(work, processors).await,
            Model::Batches => self.batch(work).await,
            Model::Silent(answers) if number >= answers => pending().await,
            Model::Gone(requests) if number >= requests => return Answer::Reset,
            Model::Silent(_) | Model::Gone(_) => tokio::time::sleep(work).await,
        }
        Answer::Served
    }

    /// The service time of a request. The deviations are the same in every run: multiples of the golden ratio are spread
    /// evenly.
    fn work(&self, number: usize) -> Duration {
        const GOLDEN: f64 = 0.618_033_988_749_895;
        let spread = 2.0 * (number as f64 * GOLDEN).fract() - 1.0;
        let slow = if number < self.spec.slow { 3.0 } else { 1.0 };
        self.spec.service.mul_f64(slow * (1.0 + self.spec.jitter * spread))
    }

    async fn share(&self, work: Duration, processors: usize) {
        const SLICE: Duration = Duration::from_millis(5);
        let mut remaining = work.as_secs_f64();
        while remaining > 0.0 {
            let began = Instant::now();
            let share = (processors as f64 / self.in_flight.load(SeqCst) as f64).min(1.0);
            tokio::time::sleep(SLICE.min(Duration::from_secs_f64(remaining / share))).await;
            remaining -= began.elapsed().as_secs_f64() * share;
        }
    }

    async fn batch(&self, work: Duration) {
        *self.unfinished.lock().expect("no panic") += 1;
        {
            let _turn = self.turn.lock().await;
            tokio::time::sleep(work).await;
        }
        let done = self.batch_done.notified();
        let is_last = {
            let mut unfinished = self.unfinished.lock().expect("no panic");
            *unfinished -= 1;
            *unfinished == 0
        };
        match is_last {
            true => self.batch_done.notify_waiters(),
            false => done.await,
        }
    }
}

/// A server that accepts connections and never answers.
pub async fn unresponsive() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok(connection) = listener.accept().await {
            connections.push(connection);
        }
        pending::<()>().await;
    });
    url
}
