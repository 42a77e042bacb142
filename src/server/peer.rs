//! Who sent a request. Limits count by peer.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;

/// A client, by its address without the port. Of an IPv6 address only the first 64 bits count, because whoever has one
/// address has the whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    /// The peer of a request whose connection is not known.
    pub const UNKNOWN: Self = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

    /// The peer with this address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(ip) => Self(IpAddr::V4(ip)),
            IpAddr::V6(ip) => Self(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64))),
        }
    }

    /// Whether the peer is this machine.
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback() || self.0 == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    }

    /// The client that sent a request through this many proxies, each of which appends the address of its own client to
    /// `X-Forwarded-For`. Entries further left are claims of the client. `None` if the header has too few entries.
    pub fn behind(proxies: u8, headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all("x-forwarded-for").iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
        let header = lines.collect::<Vec<_>>().join(",");
        let entry = header.rsplit(',').nth(usize::from(proxies).checked_sub(1)?)?.trim();
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse().or_else(|_| entry.parse().map(|with_port: SocketAddr| with_port.ip()));
        address.ok().map(Self::of)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => ip.fmt(f),
            IpAddr::V6(ip) => write!(f, "{ip}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::of(address.parse().expect("an address"))
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer_and_each_address_of_ipv4_is_one() {
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:2"));
        assert_ne!(peer("2001:db8:0:1::1"), peer("2001:db8::1"));
        assert_ne!(peer("127.0.0.1"), peer("127.0.0.9"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_eq!(
            (peer("2001:db8::1").to_string(), peer("192.0.2.1").to_string()),
            ("2001:db8::/64".into(), "192.0.2.1".into())
        );
    }

    #[test]
    fn behind_a_proxy_only_what_the_proxies_wrote_counts() {
        let headers = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                let value = axum::http::HeaderValue::from_bytes(line.as_bytes()).expect("a value");
                headers.append("x-forwarded-for", value);
            }
            headers
        };
        let said = headers(&["192.0.2.66, 192.0.2.7", "192.0.2.8"]);
        assert_eq!(Peer::behind(1, &said), Some(peer("192.0.2.8")));
        assert_eq!(Peer::behind(2, &said), Some(peer("192.0.2.7")), "over all lines");
        assert_eq!(Peer::behind(4, &said), None, "fewer than there are proxies");
        assert_eq!(Peer::behind(1, &HeaderMap::new()), None);
        assert_eq!(Peer::behind(1, &headers(&["ü, 192.0.2.9:4711"])), Some(peer("192.0.2.9")));
        assert_eq!(Peer::behind(1, &headers(&["[2001:db8::1]:80"])), Some(peer("2001:db8::")));
        assert_eq!(Peer::behind(1, &headers(&["2001:db8::1"])), Some(peer("2001:db8::")));
        assert_eq!(Peer::behind(1, &headers(&["unknown"])), None);
    }
}
