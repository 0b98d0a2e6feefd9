//! A proxy between a store and its server: it fails as networks and servers do, when a test tells it to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Every connection is closed, and so is every new one.
    Gone,
    /// A connection is closed when a commit comes; the server never sees it.
    BeforeCommit,
    /// A connection is closed when the server has answered a commit; the store never sees the answer.
    AfterCommit,
    /// Connections stay, and nothing comes through.
    Silent,
}

/// The proxy. It ends with the test's runtime.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub(super) address: SocketAddr,
    fault: watch::Sender<Fault>,
    struck: Arc<AtomicU32>,
}

impl Proxy {
    /// Listens in front of a server, `host:port`.
    pub(super) async fn start(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let address = listener.local_addr().expect("a bound address");
        let (fault, told) = watch::channel(Fault::None);
        let struck = Arc::new(AtomicU32::new(0));
        let (server, count) = (server.to_owned(), Arc::clone(&struck));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *told.borrow() == Fault::Gone {
                    continue;
                }
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                drop(client.set_nodelay(true));
                drop(server.set_nodelay(true));
                tokio::spawn(link(client, server, told.clone(), Arc::clone(&count)));
            }
        });
        Self { address, fault, struck }
    }

    /// From now on this is wrong, with connections that are open too.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many connections were closed at a commit.
    pub fn struck(&self) -> u32 {
        self.struck.load(Ordering::SeqCst)
    }
}

/// One connection and its two directions; when one ends, both are closed.
async fn link(client: TcpStream, server: TcpStream, mut told: watch::Receiver<Fault>, struck: Arc<AtomicU32>) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // Whether the answer to a commit is to come back next.
    let (commit, committed) = watch::channel(false);
    let up = upwards(from_client, to_server, told.clone(), commit, &struck);
    let down = downwards(from_server, to_client, told.clone(), committed, &struck);
    let gone = told.wait_for(|fault| *fault == Fault::Gone);
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = gone => {}
    }
}

async fn upwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut told: watch::Receiver<Fault>,
    commit: watch::Sender<bool>,
    struck: &AtomicU32,
) {
    let mut bytes = vec![0; 1 << 16];
    let mut is_writing = false;
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let fault = *told.borrow();
        let commits = commits_a_write(&bytes[..count], &mut is_writing);
        match fault {
            Fault::BeforeCommit if commits => {
                struck.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Fault::AfterCommit if commits => drop(commit.send_replace(true)),
            _ => {}
        }
        if through(&mut told).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Whether a client commits a transaction that can write; one that only reads has nothing to lose. `is_writing` is
/// whether the transaction it is in, as far as it is known, can write.
fn commits_a_write(sent: &[u8], is_writing: &mut bool) -> bool {
    let mut commits = false;
    for place in 0..sent.len() {
        let rest = &sent[place..];
        if rest.starts_with(b"read only\0") {
            *is_writing = false;
        } else if rest.starts_with(b"repeatable read read write\0") {
            *is_writing = true;
        } else if rest.starts_with(b"commit\0") {
            commits |= *is_writing;
        }
    }
    commits
}

async fn downwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut told: watch::Receiver<Fault>,
    committed: watch::Receiver<bool>,
    struck: &AtomicU32,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if *committed.borrow() && bytes[..count].windows(7).any(|window| window == b"COMMIT\0") {
            struck.fetch_add(1, Ordering::SeqCst);
            return;
        }
        if through(&mut told).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// Waits while nothing comes through.
async fn through(told: &mut watch::Receiver<Fault>) -> Result<(), watch::error::RecvError> {
    told.wait_for(|fault| *fault != Fault::Silent).await.map(drop)
}
