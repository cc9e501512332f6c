//! A client for measurements of single requests.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::{Request, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection, kept open between requests.
pub struct Client {
    requests: SendRequest<Empty<Bytes>>,
    host: String,
}

impl Client {
    /// Connects to a URL without a path.
    pub async fn connect(url: &str) -> Result<Self> {
        let host = url.strip_prefix("http://").context("not an http URL")?.to_owned();
        let stream = TcpStream::connect(&host).await.with_context(|| format!("connecting to {host}"))?;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { requests, host })
    }

    /// Sends a GET request, and returns the time to the answer's last byte. A status other than 200 is an error.
    pub async fn get(&mut self, path: &str) -> Result<Duration> {
        let began = Instant::now();
        self.body(path).await?;
        Ok(began.elapsed())
    }

    /// Sends a GET request, and returns the answer's body. A status other than 200 is an error.
    pub async fn text(&mut self, path: &str) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.body(path).await?).into_owned())
    }

    async fn body(&mut self, path: &str) -> Result<Bytes> {
        let request = Request::get(path).header(header::HOST, &self.host).body(Empty::new())?;
        timeout(REQUEST_TIMEOUT, async {
            self.requests.ready().await?;
            let answer = self.requests.send_request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?;
            ensure!(status.as_u16() == 200, "{path}: {status}");
            Ok(body.to_bytes())
        })
        .await
        .with_context(|| format!("{path}: no answer after {} s", REQUEST_TIMEOUT.as_secs()))?
    }
}
