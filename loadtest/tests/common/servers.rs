//! Servers whose truth is known, over real sockets: what they do with requests is written down here, and
//! nothing but the time shows it outside.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Mutex as Turn, Notify, Semaphore};

/// What becomes of requests that come together.
#[derive(Debug, Clone, Copy)]
pub enum Model {
    /// So many are served at a time; the others wait.
    Pool(usize),
    /// So many are served at a time; the others get 503 at once.
    Unavailable(usize),
    /// So many are served at a time; the others' connections are reset.
    Resets(usize),
    /// So many processors are shared by all that are there.
    Sharing(usize),
    /// They block each other in turn, and all answers come when the last of them is done.
    Batches,
}

impl Model {
    /// One thread that blocks, and takes connections in between.
    pub const EVENT_LOOP: Self = Self::Pool(1);
    /// All at once.
    pub const UNLIMITED: Self = Self::Pool(Semaphore::MAX_PERMITS);
}

#[derive(Debug, Clone, Copy)]
pub struct Truth {
    pub model: Model,
    /// How long one request alone takes.
    pub service: Duration,
    /// By what share of it each may take more or less.
    pub jitter: f64,
    /// How many of the first requests take three times as long.
    pub slow: usize,
    /// How many connections wait to be accepted before more are dropped.
    pub backlog: u32,
}

impl Truth {
    pub fn of(model: Model, service: Duration) -> Self {
        Self { model, service, jitter: 0.0, slow: 0, backlog: 1024 }
    }
}

/// A server that runs until the test's runtime ends.
#[derive(Clone)]
pub struct Synthetic {
    pub url: String,
    /// How many requests came.
    pub requests: Arc<AtomicUsize>,
    /// The most that were there at once.
    pub most: Arc<AtomicUsize>,
}

pub async fn serve(truth: Truth) -> Synthetic {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let listener = socket.listen(truth.backlog).expect("it listens");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let server = Synthetic { url, requests: Arc::default(), most: Arc::default() };
    let state = Arc::new(State::new(truth, server.clone()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, state.clone()));
        }
    });
    server
}

/// What all connections share.
struct State {
    truth: Truth,
    seen: Synthetic,
    there: AtomicUsize,
    places: Semaphore,
    turn: Turn<()>,
    /// How many of the batch are not done yet.
    undone: Mutex<usize>,
    batch_done: Notify,
}

/// What a request gets.
enum Answer {
    Served,
    Unavailable,
    Reset,
}

/// Requests without a body come one after the other; each is answered.
async fn connection(mut stream: TcpStream, state: Arc<State>) {
    let mut head = Vec::new();
    loop {
        // A connection that is closed while something is unread is reset.
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
    fn new(truth: Truth, seen: Synthetic) -> Self {
        let places = match truth.model {
            Model::Pool(k) | Model::Unavailable(k) | Model::Resets(k) => k,
            Model::Sharing(_) | Model::Batches => Semaphore::MAX_PERMITS,
        };
        Self {
            truth,
            seen,
            there: AtomicUsize::new(0),
            places: Semaphore::new(places),
            turn: Turn::new(()),
            undone: Mutex::new(0),
            batch_done: Notify::new(),
        }
    }

    async fn answer(&self) -> Answer {
        let number = self.seen.requests.fetch_add(1, SeqCst);
        let there = self.there.fetch_add(1, SeqCst) + 1;
        self.seen.most.fetch_max(there, SeqCst);
        let answer = self.served(self.work(number)).await;
        self.there.fetch_sub(1, SeqCst);
        answer
    }

    async fn served(&self, work: Duration) -> Answer {
        match self.truth.model {
            Model::Pool(_) => {
                let _place = self.places.acquire().await;
                tokio::time::sleep(work).await;
            }
            Model::Unavailable(_) | Model::Resets(_) => match self.places.try_acquire() {
                Ok(_place) => tokio::time::sleep(work).await,
                Err(_) if matches!(self.truth.model, Model::Resets(_)) => return Answer::Reset,
                Err(_) => return Answer::Unavailable,
            },
            Model::Sharing(processors) => self.share(work, processors).await,
            Model::Batches => self.batch(work).await,
        }
        Answer::Served
    }

    /// What this request takes alone. The jitter is the same at every run: the golden ratio's multiples
    /// are spread evenly.
    fn work(&self, number: usize) -> Duration {
        const GOLDEN: f64 = 0.618_033_988_749_895;
        let spread = 2.0 * (number as f64 * GOLDEN).fract() - 1.0;
        let slow = if number < self.truth.slow { 3.0 } else { 1.0 };
        self.truth.service.mul_f64(slow * (1.0 + self.truth.jitter * spread))
    }

    async fn share(&self, work: Duration, processors: usize) {
        const SLICE: Duration = Duration::from_millis(5);
        let mut left = work.as_secs_f64();
        while left > 0.0 {
            let began = Instant::now();
            let share = (processors as f64 / self.there.load(SeqCst) as f64).min(1.0);
            tokio::time::sleep(SLICE.min(Duration::from_secs_f64(left / share))).await;
            left -= began.elapsed().as_secs_f64() * share;
        }
    }

    async fn batch(&self, work: Duration) {
        *self.undone.lock().expect("no panic") += 1;
        {
            let _turn = self.turn.lock().await;
            tokio::time::sleep(work).await;
        }
        let done = self.batch_done.notified();
        let is_last = {
            let mut undone = self.undone.lock().expect("no panic");
            *undone -= 1;
            *undone == 0
        };
        match is_last {
            true => self.batch_done.notify_waiters(),
            false => done.await,
        }
    }
}

/// A server that takes connections and never answers.
pub async fn mute() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = listener.accept().await {
            kept.push(connection);
        }
        pending::<()>().await;
    });
    url
}
