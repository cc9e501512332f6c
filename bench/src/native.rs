//! The upper bound: a server without a guest, on the HTTP library of the hosts.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use http::Response;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves the guests' answer until the process is ended.
pub async fn serve(listen: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(listen).await.with_context(|| format!("listening on {listen}"))?;
    println!("Serving http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await.context("accepting a connection")?;
        tokio::spawn(async move {
            let answer =
                service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("fine\n"))));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}
