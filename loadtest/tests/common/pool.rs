//! A server that serves `k` requests at a time, each with the same service time.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

#[derive(Clone)]
pub struct Pool {
    pub url: String,
    /// The number of requests.
    pub requests: Arc<AtomicUsize>,
    /// The number of connections.
    pub connections: Arc<AtomicUsize>,
    /// The number of answers.
    pub answers: Arc<AtomicUsize>,
    /// The head of the last request.
    pub last: Arc<Mutex<Option<Parts>>>,
}

#[derive(Clone, Copy)]
pub struct PoolBehavior {
    /// The number of requests that are served at a time.
    pub k: usize,
    /// The service time of each.
    pub service: Duration,
    /// Whether the requests beyond `k` get 503 at once instead of waiting.
    pub refuse: bool,
    /// Whether a connection is closed after an answer that announces it.
    pub close: bool,
    /// Whether a connection is closed after an answer that does not announce it.
    pub close_silently: bool,
    /// The number of connections after which the server ends; `None` for no limit.
    pub max_connections: Option<usize>,
}

impl PoolBehavior {
    pub fn pool(k: usize, service: Duration) -> Self {
        Self { k, service, refuse: false, close: false, close_silently: false, max_connections: None }
    }
}

/// Serves until the test's runtime ends.
pub async fn serve(behavior: PoolBehavior) -> Pool {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let (requests, connections, answers) = (Arc::default(), Arc::default(), Arc::default());
    let pool = Pool { url, requests, connections, answers, last: Arc::default() };
    let permits = Arc::new(Semaphore::new(behavior.k));
    let counted = pool.clone();
    tokio::spawn(async move {
        while behavior.max_connections.is_none_or(|limit| counted.connections.load(SeqCst) < limit) {
            let Ok((stream, _)) = listener.accept().await else { break };
            counted.connections.fetch_add(1, SeqCst);
            tokio::spawn(serve_connection(stream, behavior, permits.clone(), counted.clone()));
        }
    });
    pool
}

async fn serve_connection(stream: TcpStream, behavior: PoolBehavior, permits: Arc<Semaphore>, pool: Pool) {
    let answered = AtomicBool::new(false);
    let (permits, pool, is_answered) = (&*permits, &pool, &answered);
    let service = service_fn(move |request| async move {
        let response = answer(request, behavior, permits, pool).await;
        is_answered.store(true, SeqCst);
        Ok::<_, Infallible>(response)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let connection = builder.keep_alive(!behavior.close).serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    poll_fn(|context| {
        let ended = connection.as_mut().poll(context).is_ready();
        // The poll that completes an answer also writes it to the socket. Dropping the connection then closes it
        // after the answer.
        let is_closing = behavior.close_silently && answered.load(SeqCst);
        if ended || is_closing { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn answer(
    request: Request<Incoming>,
    behavior: PoolBehavior,
    permits: &Semaphore,
    pool: &Pool,
) -> Response<String> {
    pool.requests.fetch_add(1, SeqCst);
    *pool.last.lock().expect("no panic") = Some(request.into_parts().0);
    let mut response = Response::new(String::new());
    let permit = if behavior.refuse { permits.try_acquire().ok() } else { permits.acquire().await.ok() };
    match permit {
        Some(_permit) => tokio::time::sleep(behavior.service).await,
        None => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    pool.answers.fetch_add(1, SeqCst);
    response
}
