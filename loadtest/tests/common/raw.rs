//! A client that sends what it is told to, well-formed or not, and reads only when it is told to.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{SOON, Served};

/// The end of a body that came in chunks.
pub const END: &str = "0\r\n\r\n";

/// More than a connection's buffers hold.
const ENDLESS: usize = 64 << 20;

pub struct Raw(TcpStream);

impl Raw {
    pub async fn connect(served: &Served) -> Self {
        Self(TcpStream::connect(served.authority()).await.expect("the server listens"))
    }

    /// Connects and sends this.
    pub async fn sent(served: &Served, text: impl AsRef<[u8]>) -> Self {
        let mut client = Self::connect(served).await;
        client.send(text).await;
        client
    }

    /// Connects and asks for this path.
    pub async fn get(served: &Served, path: &str) -> Self {
        Self::sent(served, format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", served.authority())).await
    }

    /// A server that has closed the connection need not take it.
    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        let _ = soon("the server takes it", self.0.write_all(text.as_ref())).await;
    }

    /// What comes until it holds `end`, or the connection ends.
    pub async fn until(&mut self, end: &str) -> String {
        self.read(|text| text.contains(end)).await
    }

    /// What comes until the server ends the connection, which must be soon.
    pub async fn rest(mut self) -> String {
        self.read(|text| {
            assert!(text.len() < ENDLESS, "it goes on for ever");
            false
        })
        .await
    }

    async fn read(&mut self, is_enough: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        soon("what is awaited comes", async {
            let mut piece = vec![0; 1 << 16];
            while !is_enough(&text) {
                match self.0.read(&mut piece).await {
                    Ok(length) if length > 0 => text += &String::from_utf8_lossy(&piece[..length]),
                    _ => return,
                }
            }
        })
        .await;
        text
    }

    /// Whether anything comes, or the connection ends, within this time.
    pub async fn hears_within(&mut self, time: Duration) -> bool {
        timeout(time, self.0.readable()).await.is_ok()
    }
}

/// Waits for what must come soon.
pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    timeout(SOON, coming).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}
