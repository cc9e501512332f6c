//! A real server that takes `k` requests at a time, each for a fixed time: its truth is known.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

#[derive(Clone)]
pub struct Pool {
    pub url: String,
    /// How many requests came.
    pub requests: Arc<AtomicUsize>,
    /// How many connections came.
    pub connections: Arc<AtomicUsize>,
    /// The last request's head.
    pub last: Arc<Mutex<Option<Parts>>>,
}

#[derive(Clone, Copy)]
pub struct Manners {
    /// How many requests are taken at a time.
    pub k: usize,
    /// How long each takes.
    pub service: Duration,
    /// Those beyond `k` get 503 at once instead of waiting.
    pub refuse: bool,
    /// Connections are closed after each answer, which says so.
    pub close: bool,
    /// Connections are closed after each answer, which does not say so.
    pub hang_up: bool,
    /// No more connections than this are taken.
    pub lives_for: Option<usize>,
}

impl Manners {
    pub fn pool(k: usize, service: Duration) -> Self {
        Self { k, service, refuse: false, close: false, hang_up: false, lives_for: None }
    }
}

/// Serves until the test's runtime ends.
pub async fn serve(manners: Manners) -> Pool {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let pool = Pool { url, requests: Arc::default(), connections: Arc::default(), last: Arc::default() };
    let places = Arc::new(Semaphore::new(manners.k));
    let counted = pool.clone();
    tokio::spawn(async move {
        while manners.lives_for.is_none_or(|limit| counted.connections.load(SeqCst) < limit) {
            let Ok((stream, _)) = listener.accept().await else { break };
            counted.connections.fetch_add(1, SeqCst);
            let (places, pool) = (places.clone(), counted.clone());
            let answered = Arc::new(Notify::new());
            let done = answered.clone();
            let service = service_fn(move |request| {
                let (places, pool, done) = (places.clone(), pool.clone(), done.clone());
                async move {
                    let response = answer(request, manners, &places, &pool).await;
                    done.notify_one();
                    Ok::<_, Infallible>(response)
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(!manners.close)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                let hung_up = async {
                    answered.notified().await;
                    // Time for the answer to leave.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                };
                tokio::select! {
                    _ = connection => {}
                    () = hung_up, if manners.hang_up => {}
                }
            });
        }
    });
    pool
}

async fn answer(
    request: Request<Incoming>,
    manners: Manners,
    places: &Semaphore,
    pool: &Pool,
) -> Response<String> {
    pool.requests.fetch_add(1, SeqCst);
    *pool.last.lock().expect("no panic") = Some(request.into_parts().0);
    let mut response = Response::new(String::new());
    let place = if manners.refuse { places.try_acquire().ok() } else { places.acquire().await.ok() };
    match place {
        Some(_place) => tokio::time::sleep(manners.service).await,
        None => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    response
}
