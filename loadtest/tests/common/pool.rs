//! A real server that takes `k` requests at a time, each for a fixed time: its truth is known.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

#[derive(Clone)]
pub struct Pool {
    pub url: String,
    /// How many requests came.
    pub requests: Arc<AtomicUsize>,
    /// How many connections came.
    pub connections: Arc<AtomicUsize>,
}

#[derive(Clone, Copy)]
pub struct Manners {
    /// How many requests are taken at a time.
    pub k: usize,
    /// How long each takes.
    pub service: Duration,
    /// Those beyond `k` get 503 at once instead of waiting.
    pub refuse: bool,
    /// Connections are closed after each answer.
    pub close: bool,
}

impl Manners {
    pub fn pool(k: usize, service: Duration) -> Self {
        Self { k, service, refuse: false, close: false }
    }
}

/// Serves until the test's runtime ends.
pub async fn serve(manners: Manners) -> Pool {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let pool = Pool { url, requests: Arc::default(), connections: Arc::default() };
    let places = Arc::new(Semaphore::new(manners.k));
    let counted = pool.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.connections.fetch_add(1, SeqCst);
            let (places, requests) = (places.clone(), counted.requests.clone());
            let service =
                service_fn(move |request| answer(request, manners, places.clone(), requests.clone()));
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(!manners.close)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    pool
}

async fn answer(
    _request: Request<Incoming>,
    manners: Manners,
    places: Arc<Semaphore>,
    requests: Arc<AtomicUsize>,
) -> Result<Response<String>, Infallible> {
    requests.fetch_add(1, SeqCst);
    let mut response = Response::new(String::new());
    let place = if manners.refuse { places.try_acquire().ok() } else { places.acquire().await.ok() };
    match place {
        Some(_place) => tokio::time::sleep(manners.service).await,
        None => *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE,
    }
    Ok(response)
}
