//! A server whose truth is known: it holds each request for a given time, so many at a time, and
//! tells when each arrived.

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

/// What the kernel may cut down, never a burst of ours.
const BACKLOG: u32 = 16_384;
/// Who asks for this path is told the arrivals since it was last asked for.
const ARRIVALS: &[u8] = b"GET /arrivals ";
/// A request's head fits; it has no body.
const HEAD: usize = 4096;

/// How requests are held.
#[derive(Debug, Clone)]
pub struct Hold {
    time: Duration,
    /// Whoever finds no room waits in line.
    places: Option<Arc<Semaphore>>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
}

/// When a request arrived, since the epoch.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    /// By the kernel, which is the generator's doing alone.
    came: Duration,
    /// By this process, which may be late to read.
    read: Duration,
}

impl Hold {
    pub fn new(time: Duration, at_a_time: Option<usize>) -> Self {
        let places = at_a_time.map(|places| Arc::new(Semaphore::new(places)));
        Self { time, places, arrivals: Arc::default() }
    }

    /// Until the process is ended.
    pub async fn serve(self, listen: SocketAddr) -> Result<()> {
        loadtest::machine::descriptors::limit();
        let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Connections inherit it.
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        socket.bind(listen).with_context(|| format!("binding {listen}"))?;
        let listener = socket.listen(BACKLOG)?;
        println!("Serving http://{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await.context("accepting a connection")?;
            tokio::spawn(self.clone().converse(stream));
        }
    }

    async fn converse(self, mut stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        while let Some((head, arrived)) = receive(&stream).await? {
            if head.starts_with(ARRIVALS) {
                answer(&mut stream, &self.told()).await?;
                continue;
            }
            self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
            let _place = match &self.places {
                Some(places) => Some(places.acquire().await?),
                None => None,
            };
            sleep(self.time).await;
            answer(&mut stream, "held").await?;
        }
        Ok(())
    }

    /// A line each: by the kernel, and by this process, in nanoseconds since the first, both in order.
    fn told(&self) -> String {
        let arrivals = std::mem::take(&mut *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner));
        let since_first = |time: fn(&Arrival) -> Duration| {
            let mut times: Vec<Duration> = arrivals.iter().map(time).collect();
            times.sort_unstable();
            let first = times.first().copied().unwrap_or_default();
            times.into_iter().map(move |time| (time - first).as_nanos())
        };
        let both = since_first(|arrival| arrival.came).zip(since_first(|arrival| arrival.read));
        both.map(|(came, read)| format!("{came} {read}\n")).collect()
    }
}

async fn answer(stream: &mut TcpStream, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await
}

/// A request's head, and when its last part arrived; `None` where there is no further request.
async fn receive(stream: &TcpStream) -> io::Result<Option<(Vec<u8>, Arrival)>> {
    let mut head = Vec::new();
    loop {
        let (part, arrived) = stream.async_io(Interest::READABLE, || stamped(stream)).await?;
        if part.is_empty() {
            return Ok(None);
        }
        head.extend(part);
        if head.ends_with(b"\r\n\r\n") {
            return Ok(Some((head, arrived)));
        }
        if head.len() >= HEAD {
            return Err(io::Error::other("the head is too long"));
        }
    }
}

/// What there is to read, and when the kernel got it.
fn stamped(stream: &TcpStream) -> io::Result<(Vec<u8>, Arrival)> {
    let mut bytes = [0; HEAD];
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let mut space = cmsg_space!(TimeSpec);
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())?;
    let stamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    });
    let length = message.bytes;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((bytes[..length].to_vec(), Arrival { came: stamp.unwrap_or(now), read: now }))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::task::JoinSet;

    use super::*;
    use crate::client::Client;

    async fn held(at_a_time: Option<usize>, n: usize) -> (Duration, String) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let hold = Hold::new(Duration::from_millis(200), at_a_time);
        let server = tokio::spawn(hold.clone().serve(port));
        let url = format!("http://{port}");
        let mut clients = Vec::new();
        while clients.len() < n {
            match Client::connect(&url).await {
                Ok(client) => clients.push(client),
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
        let begun = Instant::now();
        let mut requests = JoinSet::new();
        for mut client in clients {
            requests.spawn(async move { client.get("/").await.map(drop) });
        }
        requests.join_all().await.into_iter().collect::<Result<()>>().unwrap();
        let took = begun.elapsed();
        server.abort();
        (took, hold.told())
    }

    #[tokio::test]
    async fn requests_are_held_so_many_at_a_time_and_their_arrivals_told() {
        let (one_by_one, arrivals) = held(Some(1), 4).await;
        assert!(one_by_one >= Duration::from_millis(800), "{one_by_one:?}");
        let ns: Vec<u64> =
            arrivals.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!((ns.len(), ns[0], &arrivals[..4]), (4, 0, "0 0\n"));
        // All arrived while the first was held.
        assert!(ns.is_sorted() && ns[3] < 200_000_000, "{ns:?}");
    }
}
