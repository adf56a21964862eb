//! Reading from a connection, only while it is the client's turn to send.
//!
//! actix reads whatever a client sends, up to 128 KiB, and parses all of it into requests, even if the client doesn't
//! read the answer to the first. So this stream passes on a little at a time, nothing beyond the end of a head, and
//! nothing while the server works or the client receives its answer.

use crate::connection::{
    connections::Place,
    turn::{Connection, Turn},
};
use actix_web::rt::net::TcpStream;
use memchr::memchr_iter;
use std::{
    io,
    mem::take,
    ops::Range,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that actix gets at once. Most heads are shorter.
const SOME: usize = 2048;

/// The most bytes of a head. The API answers a target or header fields that are too large with an error well below this
/// limit.
const LONGEST_HEAD: usize = 64 << 10;

/// A connection to a client.
pub(crate) struct ClientStream {
    stream: TcpStream,
    place: Place,
    /// What was read last. `ahead` is the part of it beyond the end of a head.
    read: Box<[u8; SOME]>,
    ahead: Range<usize>,
    head: Head,
    /// actix has received something, and has to process it before it gets more.
    pause: bool,
    /// The client has not received everything that was to be written.
    blocked: bool,
    /// The task that serves the connection.
    task: Option<Waker>,
}

/// How much of a head has been read.
#[derive(Default)]
struct Head {
    length: usize,
    /// Since the last line feed, nothing but carriage returns has arrived.
    line_is_empty: bool,
}

impl Head {
    /// The end of the head in the next bytes, if it is there: after an empty line.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        self.length += bytes.len();
        let is_empty = |line: &[u8]| line.iter().all(|byte| *byte == b'\r');
        let mut line = 0;
        for feed in memchr_iter(b'\n', bytes) {
            if self.line_is_empty && is_empty(&bytes[line..feed]) {
                *self = Self::default();
                return Some(feed + 1);
            }
            self.line_is_empty = true;
            line = feed + 1;
        }
        self.line_is_empty &= is_empty(&bytes[line..]);
        None
    }
}

impl ClientStream {
    pub(crate) fn new(stream: TcpStream, place: Place) -> Self {
        Self {
            stream,
            place,
            read: Box::new([0; SOME]),
            ahead: 0..0,
            head: Head::default(),
            pause: false,
            blocked: false,
            task: None,
        }
    }

    /// Makes sure that this task is woken when the connection is closed.
    fn served_by(&mut self, task: &Waker) {
        if !self.task.as_ref().is_some_and(|known| known.will_wake(task)) {
            self.task = Some(task.clone());
            self.place.connection.served_by(task.clone());
        }
    }

    /// The connection, as requests see it.
    pub(crate) fn connection(&self) -> Arc<Connection> {
        self.place.connection.clone()
    }

    /// Returns pending, and makes sure that actix is woken when it may read.
    fn later(&self, turn: Turn, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() || self.stream.poll_read_ready(context).is_ready() {
            match turn {
                Turn::Head(_) | Turn::Body(_) => context.waker().wake_by_ref(),
                Turn::Server | Turn::Answer(_) => self.place.connection.leave_unread(),
            }
        }
        Poll::Pending
    }

    /// Reads up to `most` bytes from the client, and returns their range in `read`.
    fn poll_some(&mut self, context: &mut Context<'_>, most: usize) -> Poll<io::Result<Range<usize>>> {
        if self.ahead.is_empty() {
            let mut read = ReadBuf::new(&mut self.read[..most]);
            let polled = Pin::new(&mut self.stream).poll_read(context, &mut read);
            let length = read.filled().len();
            self.ahead = length..length;
            return polled.map_ok(|()| 0..length);
        }
        let end = self.ahead.end.min(self.ahead.start + most);
        let some = self.ahead.start..end;
        self.ahead.start = end;
        Poll::Ready(Ok(some))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &mut *self;
        stream.served_by(context.waker());
        if stream.place.connection.is_closed() {
            return Poll::Ready(Ok(()));
        }
        let turn = stream.place.connection.turn();
        if take(&mut stream.pause) || matches!(turn, Turn::Server | Turn::Answer(_)) {
            return stream.later(turn, context);
        }
        let mut some = ready!(stream.poll_some(context, SOME.min(buffer.remaining())))?;
        // An empty read is the end of the stream.
        stream.pause = !some.is_empty();
        let read = &stream.read[some.clone()];
        if let Turn::Body(_) = turn {
            stream.place.connection.progress();
        } else if let Some(length) = stream.head.end(read) {
            some.end = some.start + length;
            stream.ahead.start = some.end;
        } else if stream.head.length > LONGEST_HEAD {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        buffer.put_slice(&stream.read[some]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = &mut *self;
        stream.served_by(context.waker());
        let connection = &stream.place.connection;
        if connection.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut stream.stream).poll_write(context, bytes);
        if stream.blocked && written.is_ready() {
            connection.progress();
        }
        stream.blocked = written.is_pending();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::connections::tests::some_place;
    use std::{future::poll_fn, time::Instant};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    #[test]
    fn a_head_ends_behind_an_empty_line_wherever_it_is_cut() {
        for text in [
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\n\r\n",
        ] {
            let whole = [text, "POST"].concat();
            for cut in 0..=whole.len() {
                let mut head = Head::default();
                let (first, second) = whole.as_bytes().split_at(cut);
                let end = match head.end(first) {
                    Some(end) => end,
                    None => cut + head.end(second).unwrap(),
                };
                assert_eq!(end, text.len(), "{text:?} cut at {cut}");
            }
        }
        assert_eq!(Head::default().end(b"GET / HTTP/1.1\r\nX: \r y\r\n"), None);
    }

    /// Both ends of a connection.
    async fn connected() -> (ClientStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (ClientStream::new(server, some_place()), client)
    }

    /// What can be read now. `None` if it is not the client's turn, or the client has sent nothing.
    async fn read_now(stream: &mut ClientStream) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 100_000];
        let mut buffer = ReadBuf::new(&mut bytes);
        poll_fn(|context| {
            let polled = Pin::new(&mut *stream).poll_read(context, &mut buffer);
            Poll::Ready(polled.is_ready())
        })
        .await
        .then(|| buffer.filled().to_vec())
    }

    async fn read(stream: &mut ClientStream) -> Vec<u8> {
        loop {
            if let Some(bytes) = read_now(stream).await {
                return bytes;
            }
            tokio::task::yield_now().await;
        }
    }

    #[actix_web::test]
    async fn a_request_is_read_when_it_is_its_turn() {
        let (mut stream, mut client) = connected().await;
        let connection = stream.connection();
        let (one, two) = ("GET /1 HTTP/1.1\r\n\r\n", "GET /2 HTTP/1.1\r\n\r\n");
        client.write_all([one, two].concat().as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await, one.as_bytes());
        assert_eq!(read_now(&mut stream).await, None, "actix looks at it first");
        connection.begin(false);
        assert_eq!(read_now(&mut stream).await, None, "the server works");
        let sending = connection.answer(Instant::now());
        assert_eq!(read_now(&mut stream).await, None, "the answer is being sent");
        drop(sending);
        assert_eq!(read(&mut stream).await, two.as_bytes());
    }

    #[actix_web::test]
    async fn a_body_is_read_a_little_at_a_time() {
        let (mut stream, mut client) = connected().await;
        let (head, body) = ("POST / HTTP/1.1\r\n\r\n", "\r\n\r\nx".repeat(3000));
        client.write_all([head, &body].concat().as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await, head.as_bytes());
        stream.connection().begin(true);
        let mut got = Vec::new();
        while got.len() < body.len() {
            let some = read(&mut stream).await;
            assert!(some.len() <= SOME);
            got.extend(some);
        }
        assert_eq!(got, body.as_bytes());
    }

    #[actix_web::test]
    async fn a_head_without_an_end_is_an_error() {
        let (mut stream, mut client) = connected().await;
        let flood = async {
            let mut sent = 0;
            while client.write_all(&[b'x'; 1024]).await.is_ok() && sent < 1 << 20 {
                sent += 1024;
            }
        };
        let endless = async {
            let mut length = 0;
            let mut bytes = [0; 4096];
            while let Ok(read) = stream.read(&mut bytes).await {
                length += read;
            }
            drop(stream);
            length
        };
        let ((), length) = futures_util::join!(flood, endless);
        assert!(length <= LONGEST_HEAD, "{length}");
    }
}
