//! A server with a known capacity: it delays each answer by a given time, serves a given number of requests at a time,
//! and reports when each request arrived.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// Larger than any burst here. The kernel may reduce it.
const BACKLOG: u32 = 16_384;
/// This request gets the arrivals since its last call.
const ARRIVALS_REQUEST: &[u8] = b"GET /arrivals ";
/// The limit for a request's head. Requests have no body.
const MAX_HEAD_BYTES: usize = 4096;

#[derive(Debug, Clone)]
pub struct DelayServer {
    delay: Duration,
    /// One for each request that is served at a time; `None` without a limit.
    permits: Option<Arc<Semaphore>>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

/// When a request arrived, since 1970.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// When the kernel received it. This time depends on the generator alone.
    received: Duration,
    /// When this process read it, which may be late.
    read: Duration,
}

impl DelayServer {
    pub fn new(delay: Duration, at_a_time: Option<usize>) -> Self {
        let permits = at_a_time.map(|permits| Arc::new(Semaphore::new(permits)));
        Self { delay, permits, arrivals: Arc::default() }
    }

    /// Serves until the process is ended.
    pub async fn serve(self, listen: SocketAddr) -> Result<()> {
        loadtest::machine::descriptors::raise_limit();
        let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Accepted connections inherit the option.
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        socket.bind(listen).with_context(|| format!("binding {listen}"))?;
        let listener = socket.listen(BACKLOG)?;
        println!("Serving http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await.context("accepting a connection")?;
            tokio::spawn(self.clone().serve_connection(stream));
        }
    }

    async fn serve_connection(self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        while let Some((head, arrived)) = receive(&stream).await? {
            if head.starts_with(ARRIVALS_REQUEST) {
                answer(&mut stream, &self.take_arrivals()).await?;
                continue;
            }
            self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
            let _permit = match &self.permits {
                Some(permits) => Some(permits.acquire().await?),
                None => None,
            };
            sleep(self.delay).await;
            answer(&mut stream, "held").await?;
        }
        Ok(())
    }

    /// One line for each arrival: received and read, in nanoseconds since the first. Both columns are sorted.
    fn take_arrivals(&self) -> String {
        let arrivals = std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner));
        let since_first = |time: fn(&Arrival) -> Duration| {
            let mut times: Vec<Duration> = arrivals.iter().map(time).collect();
            times.sort_unstable();
            let first = times.first().copied().unwrap_or_default();
            times.into_iter().map(move |time| (time - first).as_nanos())
        };
        let both = since_first(|arrival| arrival.received).zip(since_first(|arrival| arrival.read));
        both.map(|(received, read)| format!("{received} {read}\n")).collect()
    }
}

async fn answer(stream: &mut TcpStream, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await
}

/// A request's head, and when its last part arrived; `None` after the last request.
async fn receive(stream: &TcpStream) -> io::Result<Option<(Vec<u8>, Arrival)>> {
    let mut head = Vec::new();
    loop {
        let (part, arrived) = stream.async_io(Interest::READABLE, || receive_part(stream)).await?;
        if part.is_empty() {
            return Ok(None);
        }
        head.extend(part);
        if head.ends_with(b"\r\n\r\n") {
            return Ok(Some((head, arrived)));
        }
        if head.len() >= MAX_HEAD_BYTES {
            return Err(io::Error::other("the head is too long"));
        }
    }
}

/// Reads the available bytes, with the time when the kernel received them (SO_TIMESTAMPNS).
fn receive_part(stream: &TcpStream) -> io::Result<(Vec<u8>, Arrival)> {
    let mut bytes = [0; MAX_HEAD_BYTES];
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let mut space = cmsg_space!(TimeSpec);
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())?;
    let timestamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    });
    let length = message.bytes;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((bytes[..length].to_vec(), Arrival { received: timestamp.unwrap_or(now), read: now }))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::task::JoinSet;

    use super::*;
    use crate::client::Client;

    async fn burst(at_a_time: Option<usize>, n: usize) -> (Duration, String) {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let delay_server = DelayServer::new(Duration::from_millis(200), at_a_time);
        let server = tokio::spawn(delay_server.clone().serve(address));
        let url = format!("http://{address}");
        let mut clients = Vec::new();
        while clients.len() < n {
            match Client::connect(&url).await {
                Ok(client) => clients.push(client),
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
        let began = Instant::now();
        let mut requests = JoinSet::new();
        for mut client in clients {
            requests.spawn(async move { client.get("/").await.map(drop) });
        }
        requests.join_all().await.into_iter().collect::<Result<()>>().unwrap();
        let took = began.elapsed();
        server.abort();
        (took, delay_server.take_arrivals())
    }

    #[tokio::test]
    async fn the_capacity_holds_and_arrivals_are_reported() {
        let (one_by_one, arrivals) = burst(Some(1), 4).await;
        assert!(one_by_one >= Duration::from_millis(800), "{one_by_one:?}");
        let ns: Vec<u64> =
            arrivals.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!((ns.len(), ns[0], &arrivals[..4]), (4, 0, "0 0\n"));
        // All arrived while the first was served.
        assert!(ns.is_sorted() && ns[3] < 200_000_000, "{ns:?}");
    }
}
