use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;

async fn pair() -> (HeldStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (HeldStream::new(Socket::Tcp(socket), true), listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn held_bytes_are_sent_at_the_release() {
    let (mut stream, mut peer) = pair().await;
    stream.write_all(b"direct, ").await.unwrap();
    stream.hold();
    stream.write_all(b"held").await.unwrap();
    let mut bytes = [0; 8];
    peer.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"direct, ");
    assert!(timeout(Duration::from_millis(100), peer.read_u8()).await.is_err());
    assert_eq!(stream.take_release_time(), None);
    let before = Instant::now();
    release_all(&[stream.clone()]);
    assert!(stream.take_release_time().unwrap() >= before);
    let mut bytes = [0; 4];
    peer.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"held");
}

/// hyper writes a held request once more, after its answer has begun. The server receives it once.
#[tokio::test]
async fn a_held_request_is_sent_once() {
    let (mut stream, mut peer) = pair().await;
    stream.hold_request(Bytes::from_static(b"held"));
    let waiting = stream.clone();
    let mut answered = tokio::spawn(async move { waiting.answered().await });
    assert!(timeout(Duration::from_millis(50), &mut answered).await.is_err());
    let before = Instant::now();
    release_all(&[stream.clone()]);
    let mut bytes = [0; 4];
    peer.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"held");
    peer.write_all(b"answer").await.unwrap();
    timeout(Duration::from_secs(20), answered).await.unwrap().unwrap();
    let mut answer = [0; 6];
    assert!(timeout(Duration::from_millis(50), stream.read_exact(&mut answer)).await.is_err());
    stream.write_all(b"held").await.unwrap();
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"answer");
    assert!(stream.take_release_time().unwrap() >= before);
    stream.write_all(b"next").await.unwrap();
    peer.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"next");
}

/// The body is larger than the socket's buffer: the rest is written as the peer reads.
#[tokio::test]
async fn a_large_body_is_written_completely() {
    const LENGTH: usize = 16 << 20;
    let (mut stream, mut peer) = pair().await;
    stream.hold();
    let releasing = stream.clone();
    let waiting = tokio::spawn(async move {
        stream.write_all(&vec![7; LENGTH]).await?;
        stream.read_u8().await
    });
    while !releasing.has_held() {
        tokio::task::yield_now().await;
    }
    release_all(&[releasing]);
    let mut bytes = vec![0; LENGTH];
    timeout(Duration::from_secs(20), peer.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert!(bytes.iter().all(|byte| *byte == 7));
    peer.write_u8(1).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), 1);
}
