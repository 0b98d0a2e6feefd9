//! The guard of outgoing requests: a URL that a tenant wrote must not reach this machine or its network.
//!
//! Names are checked when they are resolved, so that the address that passed is the one that is dialled; literal
//! addresses are never resolved and are checked in the URL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address lies in the public Internet. An IPv4 address inside an IPv6 one is looked at as IPv4.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

/// Source: the special-purpose registry of RFC 6890 and its updates.
fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let is_special = v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !is_special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [first, second, ..] = v6.segments();
    let is_special = v6.is_loopback()
        || v6.is_unspecified()
        || v6.is_multicast()
        || v6.is_unique_local()
        || v6.is_unicast_link_local()
        || first & 0xffc0 == 0xfec0
        || (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x3fff
        || first == 0x0100
        || first == 0x5f00;
    !is_special
}

/// The IPv4 address inside a mapped, compatible, NAT64 or 6to4 address.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = v6.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, _] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x0064, 0xff9b, _, _, _, _, high, low] | [0x2002, high, low, ..] => {
            Some(from(high, low))
        }
        _ => None,
    }
}

/// Why a webhook may not go to this URL, if it may not. Names are checked again when they are resolved.
pub fn refusal(url: &Url, allow_private: bool) -> Option<String> {
    let scheme_fits = url.scheme() == "https" || (allow_private && url.scheme() == "http");
    if !scheme_fits {
        return Some(format!("{:?} is not https", url.scheme()));
    }
    let host = match url.host_str() {
        None => return Some("the URL names no host".to_owned()),
        Some(host) => host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.'),
    };
    if allow_private {
        return None;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => (!is_public(address)).then(|| format!("{address} is not a public address")),
        // RFC 6761, section 6.3: these names are loopback whatever a resolver says.
        Err(_) if host == "localhost" || host.ends_with(".localhost") => {
            Some(format!("{host} is not a public address"))
        }
        Err(_) => None,
    }
}

/// The same for a URL that is only being written down, with what its writer can do about it.
pub fn mistake(url: &str, allow_private: bool) -> Option<String> {
    mistake_of("webhooks do not go there", url, allow_private)
}

/// The same for requests of another kind; `what` says what does not happen.
pub fn mistake_of(what: &str, url: &str, allow_private: bool) -> Option<String> {
    let why = match url.parse() {
        Ok(url) => refusal(&url, allow_private)?,
        Err(error) => format!("this is no URL: {error}"),
    };
    let hint = if allow_private { "" } else { ", unless the operator sets allow_private_webhooks" };
    Some(format!("{what}: {why}; expected an https URL with a public address{hint}"))
}

/// Finds the addresses of a name.
type Lookup = dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Resolves names and lets through the addresses that may be dialled. The client dials what it was given and asks nobody
/// again, so that a name which means another address a moment later gains nothing.
struct Guarded {
    lookup: Box<Lookup>,
    may_be_dialled: fn(IpAddr) -> bool,
}

impl Guarded {
    fn public_only() -> Self {
        let lookup = |name: String| -> BoxFuture<'static, _> {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
        };
        Self { lookup: Box::new(lookup), may_be_dialled: is_public }
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, may_be_dialled) = ((self.lookup)(name.as_str().to_owned()), self.may_be_dialled);
        Box::pin(async move {
            let mut found = found.await?;
            found.retain(|address| may_be_dialled(address.ip()));
            if found.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The client webhooks are sent with: bounded in time, no redirects, no proxy, and public addresses only unless told
/// otherwise. A TLS provider must be installed before.
pub fn client(allow_private: bool) -> reqwest::Result<reqwest::Client> {
    with_guard((!allow_private).then(Guarded::public_only))
}

fn with_guard(guard: Option<Guarded>) -> reqwest::Result<reqwest::Client> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes a client, with bounds and a guard")]
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        .user_agent(concat!("Waybill/", env!("CARGO_PKG_VERSION")));
    match guard {
        Some(guard) => builder.dns_resolver(Arc::new(guard)).build(),
        None => builder.build(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_url_must_be_https_and_must_not_name_a_private_address() {
        let refused = |url: &str, allow| refusal(&url.parse().unwrap(), allow);
        assert_eq!(refused("https://example.com/hooks", false), None);
        assert_eq!(refused("http://example.com/hooks", false).as_deref(), Some("\"http\" is not https"));
        assert!(refused("https://127.0.0.1/", false).is_some());
        assert!(refused("https://[::ffff:127.0.0.1]/", false).is_some());
        assert!(refused("https://2130706433/", false).is_some());
        assert_eq!(refused("http://127.0.0.1:9/", true), None);
        assert!(refused("file:///etc/passwd", true).is_some());
        for loopback in ["https://localhost/", "https://LOCALHOST./", "https://a.localhost:8443/"] {
            assert!(refused(loopback, false).is_some(), "{loopback}");
            assert_eq!(refused(loopback, true), None);
        }
        assert_eq!(refused("https://localhost.example.com/", false), None);
    }

    #[test]
    fn whoever_writes_a_url_down_is_told_what_to_do() {
        assert_eq!(mistake("https://example.com/hooks", false), None);
        assert_eq!(mistake("http://10.0.0.1/", true), None);
        insta::assert_snapshot!(mistake("https://10.0.0.1/", false).unwrap(), @"webhooks do not go there: 10.0.0.1 is not a public address; expected an https URL with a public address, unless the operator sets allow_private_webhooks");
        assert!(mistake("example.com", false).unwrap().contains("this is no URL"));
    }

    /// Answers what comes to this address, and counts it.
    fn listen(address: &str) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind(address).unwrap();
        let (address, reached) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&reached);
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(stream.read(&mut [0; 1024]));
                drop(stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
            }
        });
        (address, reached)
    }

    /// The public Internet of these stories is 127.0.0.1, and 127.0.0.2 is the private network.
    fn stands_for_public(address: IpAddr) -> bool {
        address == IpAddr::from([127, 0, 0, 1])
    }

    /// A client that is told these addresses one after another, and how often it asked.
    fn client_told(answers: &'static [&'static [u8]]) -> (reqwest::Client, Arc<AtomicUsize>) {
        drop(rustls::crypto::ring::default_provider().install_default());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let lookup = move |name: String| -> BoxFuture<'static, _> {
            assert_eq!(name, "rebinding.example");
            let turn = counted.fetch_add(1, Ordering::SeqCst);
            let addresses = answers[turn].iter().map(|last| SocketAddr::from(([127, 0, 0, *last], 0))).collect();
            Box::pin(std::future::ready(Ok(addresses)))
        };
        let guard = Guarded { lookup: Box::new(lookup), may_be_dialled: stands_for_public };
        (with_guard(Some(guard)).unwrap(), asked)
    }

    #[tokio::test]
    async fn a_name_that_changes_its_address_between_looks_reaches_the_one_that_was_checked_or_none() {
        let (public, reached) = listen("127.0.0.1:0");
        let (_, private_reached) = listen(&format!("127.0.0.2:{}", public.port()));
        let url = format!("http://rebinding.example:{}/", public.port());
        // Good when it was looked at, private from the next look on.
        let (client, asked) = client_told(&[&[1], &[2], &[2, 1], &[]]);
        assert_eq!(client.post(&url).send().await.unwrap().status(), 204);
        assert_eq!((asked.load(Ordering::SeqCst), reached.load(Ordering::SeqCst)), (1, 1));
        let refused = client.post(&url).send().await.unwrap_err();
        assert!(format!("{refused:?}").contains("rebinding.example has no public address"), "{refused:?}");
        // Of several, those that may be dialled are.
        assert_eq!(client.post(&url).send().await.unwrap().status(), 204);
        assert!(client.post(&url).send().await.unwrap_err().is_connect());
        assert_eq!((asked.load(Ordering::SeqCst), reached.load(Ordering::SeqCst)), (4, 2));
        assert_eq!(private_reached.load(Ordering::SeqCst), 0, "the private network was reached");
    }
}
