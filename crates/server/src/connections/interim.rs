//! The interim answer `100 Continue`, which some clients ask for and then take for the answer itself: to them it is not
//! sent, and they send their body when they have waited long enough (RFC 9110, section 10.1.1, tells them to).
//!
//! The HTTP library sends it by itself as soon as a body is read, so it is taken out of what goes to the client.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// As the HTTP library writes it, always by itself at the end of what waits to be sent.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Whether the client of the request under way wants no interim answer; shared with its connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Interim(Arc<AtomicBool>);

impl Interim {
    /// A connection, and the word of whether its client wants interim answers.
    pub fn over(stream: TcpStream) -> (Outgoing, Self) {
        let interim = Self::default();
        (Outgoing { stream, interim: interim.clone() }, interim)
    }

    /// Says it of the request that has just come.
    pub fn is_unwanted(&self, is_unwanted: bool) {
        self.0.store(is_unwanted, Ordering::Relaxed);
    }
}

/// A connection that leaves out the interim answer when it is unwanted.
pub(super) struct Outgoing {
    stream: TcpStream,
    interim: Interim,
}

impl Outgoing {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl AsyncRead for Outgoing {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        self.stream().poll_read(cx, into)
    }
}

impl AsyncWrite for Outgoing {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if !self.interim.0.load(Ordering::Relaxed) {
            return self.stream().poll_write(cx, bytes);
        }
        match bytes.strip_suffix(CONTINUE) {
            // Nobody hears of it, and the library goes on as if somebody had.
            Some([]) => Poll::Ready(Ok(bytes.len())),
            Some(before) => self.stream().poll_write(cx, before),
            None => self.stream().poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        if !self.interim.0.load(Ordering::Relaxed) {
            return self.stream().poll_write_vectored(cx, parts);
        }
        // The head of an answer is a part of its own, and so is this one.
        let first = parts.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| &**part);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
