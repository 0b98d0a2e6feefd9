//! A mail server on loopback: it keeps the letters it takes and misbehaves as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::mail::{MailServer, MailTls};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::Shared;

/// The address that letters of a test come from.
pub const SENDER: &str = "parcels@waybill.example";

/// What a mail server does with the next letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Says this instead of a greeting.
    Greets(&'static str),
    /// Says this to the recipient's address.
    Says(&'static str),
    /// Says this once it has the letter, and does not keep it.
    SaysAtEnd(&'static str),
    /// Closes the connection in the middle of the letter.
    Drops,
    /// Keeps the letter and closes the connection without a word.
    DropsAfter,
    /// Keeps the letter and says nothing at all.
    Hangs,
}

/// A letter as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The sender and the recipient that the conversation named.
    pub envelope: (String, String),
    /// Everything behind `DATA`, without the last dot.
    pub text: String,
}

impl Received {
    /// A header's text as it stands there; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        let (headers, _) = self.text.split_once("\r\n\r\n").unwrap_or((&self.text, ""));
        let named = headers.lines().filter_map(|line| line.split_once(": "));
        named.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

#[derive(Debug, Default)]
struct Kept {
    letters: Vec<Received>,
    troubles: VecDeque<Trouble>,
    conversations: usize,
}

/// A mail server; it ends when it is dropped.
pub struct PostOffice {
    port: u16,
    kept: Shared<Kept>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PostOffice {
    /// Starts a mail server on a free port.
    pub async fn start() -> Self {
        let kept: Shared<Kept> = Arc::new(Mutex::new(Kept::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound address").port();
        let shared = Arc::clone(&kept);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&shared);
                tokio::spawn(async move { drop(converse(stream, kept).await) });
            }
        });
        Self { port, kept, task }
    }

    /// How an application finds it.
    pub fn settings(&self) -> MailServer {
        MailServer {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: MailTls::Plain,
            login: None,
            sender: SENDER.to_owned(),
            timeout: Duration::from_secs(10),
        }
    }

    /// What it does with the next letters, one each; after these it takes everything.
    pub fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.kept.lock().expect("nobody panicked over the post").troubles.extend(troubles);
    }

    /// The letters that it has, in order.
    pub fn letters(&self) -> Vec<Received> {
        self.kept.lock().expect("nobody panicked over the post").letters.clone()
    }

    /// How many conversations somebody began.
    pub fn conversations(&self) -> usize {
        self.kept.lock().expect("nobody panicked over the post").conversations
    }
}

/// One conversation (RFC 5321), as far as a client needs it.
async fn converse(stream: TcpStream, kept: Shared<Kept>) -> std::io::Result<()> {
    let greeting = {
        let mut kept = kept.lock().expect("nobody panicked over the post");
        kept.conversations += 1;
        let greets = |trouble: &Trouble| if let Trouble::Greets(text) = trouble { Some(*text) } else { None };
        let greeting = kept.troubles.front().and_then(greets);
        if greeting.is_some() {
            kept.troubles.pop_front();
        }
        greeting
    };
    let mut stream = BufReader::new(stream);
    say(&mut stream, greeting.unwrap_or("220 post.example ESMTP")).await?;
    if greeting.is_some() {
        return Ok(());
    }
    let (mut from, mut to, mut trouble) = (String::new(), String::new(), None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let address =
            || line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(text, _)| text.to_owned());
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-post.example\r\n250 8BITMIME").await?,
            "MAIL" => {
                from = address().unwrap_or_default();
                trouble = kept.lock().expect("nobody panicked over the post").troubles.pop_front();
                say(&mut stream, "250 so be it").await?;
            }
            "RCPT" => {
                to = address().unwrap_or_default();
                let text = if let Some(Trouble::Says(text)) = trouble { text } else { "250 so be it" };
                say(&mut stream, text).await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut text).await? == 0 || trouble == Some(Trouble::Drops) {
                        return Ok(());
                    }
                }
                if let Some(Trouble::SaysAtEnd(words)) = trouble {
                    say(&mut stream, words).await?;
                    continue;
                }
                let text = text.strip_suffix(".\r\n").unwrap_or_default().to_owned();
                let letter = Received { envelope: (from.clone(), to.clone()), text };
                kept.lock().expect("nobody panicked over the post").letters.push(letter);
                match trouble {
                    Some(Trouble::DropsAfter) => return Ok(()),
                    Some(Trouble::Hangs) => std::future::pending().await,
                    _ => say(&mut stream, "250 taken").await?,
                }
            }
            "QUIT" => return say(&mut stream, "221 farewell").await,
            _ => say(&mut stream, "250 so be it").await?,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await
}
