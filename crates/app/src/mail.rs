//! Mail: letters to people, handed to the operator's own mail server.
//!
//! The server stands in the settings, so it may be anywhere, on a private address too.

use std::time::Duration;

use domain::{Error, Result, Secret, Timestamp};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

/// How the way to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// Plain at first, then TLS or nothing (STARTTLS, RFC 3207); usually port 587.
    #[default]
    StartTls,
    /// TLS from the start (RFC 8314); usually port 465.
    Tls,
    /// Not at all; for a server on the same machine or in a trusted network.
    Plain,
}

/// A mail server, as the operator sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way to it is protected.
    pub tls: MailTls,
    /// Name and password, if it wants them.
    pub login: Option<(String, Secret)>,
    /// The address that letters come from.
    pub sender: String,
    /// How long one step of a conversation may take.
    pub timeout: Duration,
}

/// Whether a text is an e-mail address that a letter can go to.
pub fn is_address(text: &str) -> bool {
    text.trim() == text && text.len() <= 254 && text.parse::<Address>().is_ok()
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Names it for ever: a second copy of the same letter has the same name, and whoever gets both can drop one.
    pub id: String,
    /// To whom.
    pub to: String,
    /// What the sender is called.
    pub sender_name: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Its language, two letters.
    pub language: &'static str,
    /// When it was written.
    pub written_at: Timestamp,
}

/// What came of handing a letter over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandedOver {
    /// The server answers for it now.
    Taken,
    /// The server says no for good, in its words.
    Refused(String),
    /// The server says no for now.
    Later(String),
    /// The server cannot be talked to, or not with these settings: no letter would go.
    Away(String),
}

/// Codes that say something of our login, not of a letter (RFC 4954, 6).
const OF_LOGIN: [u16; 5] = [454, 530, 534, 535, 538];

/// Codes with which a server ends the conversation (RFC 5321, 3.8), or takes none (RFC 7504).
const OF_SERVER: [u16; 2] = [421, 521];

/// A header whose value is ours.
macro_rules! fixed_header {
    ($name:ident, $text:literal) => {
        #[derive(Clone)]
        struct $name(String);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($text)
            }

            fn parse(text: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

fixed_header!(AutoSubmitted, "Auto-Submitted");
fixed_header!(ContentLanguage, "Content-Language");

impl Letter {
    /// The letter as it goes over the wire.
    fn message(&self, sender: &str) -> Result<Message, String> {
        let address =
            |text: &str| text.parse::<Address>().map_err(|error| format!("{text:?} is no e-mail address: {error}"));
        let parts = MultiPart::alternative()
            .boundary(format!("={}=", self.id.replace(['@', '<', '>'], ".")))
            .singlepart(SinglePart::plain(self.text.clone()))
            .singlepart(SinglePart::html(self.html.clone()));
        let mut letter = Message::builder()
            .message_id(Some(format!("<{}>", self.id)))
            .date(self.written_at.into())
            .from(Mailbox::new(Some(self.sender_name.clone()), address(sender)?))
            .to(Mailbox::new(None, address(&self.to)?))
            .subject(self.subject.clone())
            .header(AutoSubmitted("auto-generated".to_owned()))
            .header(ContentLanguage(self.language.to_owned()));
        if let Some(reply_to) = &self.reply_to {
            letter = letter.reply_to(Mailbox::new(Some(self.sender_name.clone()), address(reply_to)?));
        }
        letter.multipart(parts).map_err(|error| format!("the letter cannot be written: {error}"))
    }
}

/// Conversations with the mail server.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: String,
}

impl Mailer {
    /// Prepares conversations; nothing is said yet. `public_url` tells who we are.
    pub(crate) fn new(server: &MailServer, public_url: &str) -> Result<Self> {
        let tls = || {
            TlsParameters::new_rustls(server.host.clone())
                .map_err(|error| Error::internal(format!("TLS to the mail server {}: {error}", server.host)))
        };
        let tls = match server.tls {
            MailTls::StartTls => Tls::Required(tls()?),
            MailTls::Tls => Tls::Wrapper(tls()?),
            MailTls::Plain => Tls::None,
        };
        let url = reqwest::Url::parse(public_url).ok();
        let name = url.and_then(|url| url.domain().map(str::to_owned)).map_or_else(ClientId::default, ClientId::Domain);
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone())
            .port(server.port)
            .tls(tls)
            .hello_name(name)
            .timeout(Some(server.timeout))
            .pool_config(PoolConfig::new().max_size(1));
        if let Some((user, password)) = &server.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        Ok(Self { transport: transport.build(), sender: server.sender.clone() })
    }

    /// Hands a letter over.
    pub(crate) async fn send(&self, letter: &Letter) -> HandedOver {
        let message = match letter.message(&self.sender) {
            Ok(message) => message,
            Err(why) => return HandedOver::Refused(why),
        };
        let Err(error) = self.transport.send(message).await else { return HandedOver::Taken };
        let text = words(&error);
        let code = error.status().map(u16::from);
        match code {
            Some(code) if OF_LOGIN.contains(&code) || OF_SERVER.contains(&code) => HandedOver::Away(text),
            Some(_) if error.is_permanent() => HandedOver::Refused(text),
            Some(_) => HandedOver::Later(text),
            // Letters in an address that the server does not take.
            None if error.is_client() && !letter.to.is_ascii() => HandedOver::Refused(text),
            None => HandedOver::Away(text),
        }
    }
}

/// What went wrong, for people: the server's own words where it said any.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let said = std::error::Error::source(error).map(ToString::to_string);
    match (error.status(), said) {
        (Some(code), Some(said)) => format!("{code} {said}"),
        _ => error.to_string(),
    }
}
