//! The guard of outgoing requests: a URL that a tenant wrote must not reach this machine or its network.
//!
//! Names are checked when they are resolved, so that the address that passed is the one that is dialled; literal
//! addresses are never resolved and are checked in the URL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

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
    let literal = match url.host_str() {
        None => return Some("the URL names no host".to_owned()),
        Some(host) => host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok(),
    };
    match literal {
        Some(address) if !allow_private && !is_public(address) => Some(format!("{address} is not a public address")),
        _ => None,
    }
}

/// Resolves names and keeps public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// The client webhooks are sent with: bounded in time, no redirects, no proxy, and public addresses only unless told
/// otherwise. A TLS provider must be installed before.
pub fn client(allow_private: bool) -> reqwest::Result<reqwest::Client> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes a client, with bounds and a guard")]
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        .user_agent(concat!("Waybill/", env!("CARGO_PKG_VERSION")));
    if allow_private { builder.build() } else { builder.dns_resolver(Arc::new(PublicOnly)).build() }
}

#[cfg(test)]
mod tests {
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
    }
}
