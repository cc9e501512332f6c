use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{Server, eventually, is_read, within_timeout};

/// The end of a chunked body.
pub const LAST_CHUNK: &str = "0\r\n\r\n";

/// More bytes than the buffers of a connection hold.
const ENDLESS: usize = 64 << 20;

/// A client that sends any bytes, well-formed or not, and reads only when it is told to.
pub struct RawClient(TcpStream);

impl RawClient {
    /// Connects.
    pub async fn connect(server: &Server) -> Self {
        Self(TcpStream::connect(server.authority()).await.expect("the server listens"))
    }

    /// Connects and sends this.
    pub async fn sent(server: &Server, text: impl AsRef<[u8]>) -> Self {
        let mut client = Self::connect(server).await;
        client.send(text).await;
        client
    }

    /// Connects and sends a GET request for this path.
    pub async fn get(server: &Server, path: &str) -> Self {
        Self::sent(server, format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.authority())).await
    }

    /// Sends this. Errors are ignored, since the server may have closed the connection.
    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        let _ = within_timeout("the server reads", self.0.write_all(text.as_ref())).await;
    }

    /// Closes the sending side. What the server sends can still be read.
    pub async fn end_sending(&mut self) {
        let _ = self.0.shutdown().await;
    }

    /// Waits until the server has accepted the connection, and has read everything that was sent.
    pub async fn until_read(&self) {
        let client = self.0.local_addr().expect("connected");
        let server = self.0.peer_addr().expect("connected");
        eventually("the server reads what was sent", || is_read(client, server)).await;
    }

    /// Reads until the input contains `end`, or the connection ends.
    pub async fn until(&mut self, end: &str) -> String {
        self.read(|text| text.contains(end)).await
    }

    /// Reads until the server ends the connection.
    pub async fn rest(mut self) -> String {
        self.read(|text| {
            assert!(text.len() < ENDLESS, "the response has no end");
            false
        })
        .await
    }

    async fn read(&mut self, is_enough: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        within_timeout("the expected input comes", async {
            let mut chunk = vec![0; 1 << 16];
            while !is_enough(&text) {
                match self.0.read(&mut chunk).await {
                    Ok(length) if length > 0 => text += &String::from_utf8_lossy(&chunk[..length]),
                    _ => return,
                }
            }
        })
        .await;
        text
    }

    /// Whether input comes, or the connection ends, within this time.
    pub async fn hears_within(&mut self, time: Duration) -> bool {
        timeout(time, self.0.readable()).await.is_ok()
    }
}
