//! A limit on how much one peer may do at the same time, so that it can't take everything from the others.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::peer::Peer;

/// Counts what each peer has under way.
#[derive(Debug)]
pub struct PerPeer {
    most: u32,
    /// A peer with nothing under way has no entry.
    under_way: Mutex<HashMap<Peer, u32>>,
}

/// One thing of a peer that is under way until this is dropped.
#[derive(Debug)]
pub struct UnderWay<'a> {
    limit: &'a PerPeer,
    peer: Peer,
}

impl PerPeer {
    /// A limit of `most` for each peer.
    pub fn new(most: u32) -> Self {
        Self { most, under_way: Mutex::default() }
    }

    /// Begins one more thing of this peer. `None` if the peer has reached the limit.
    pub fn begin(&self, peer: Peer) -> Option<UnderWay<'_>> {
        let mut under_way = self.under_way.lock();
        let count = under_way.entry(peer).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(UnderWay { limit: self, peer })
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.limit.under_way.lock();
        if let Some(count) = under_way.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn each_peer_has_its_own_limit_and_no_entry_when_it_is_done() {
        let limit = PerPeer::new(2);
        let [one, other] = [1, 2].map(|last| Peer::of(std::net::IpAddr::from(Ipv4Addr::new(10, 0, 0, last))));
        let first = limit.begin(one);
        let second = limit.begin(one);
        assert!(first.is_some() && second.is_some() && limit.begin(one).is_none());
        let others = limit.begin(other);
        assert!(others.is_some());
        drop(first);
        let third = limit.begin(one);
        assert!(third.is_some() && limit.begin(one).is_none());
        drop((second, third, others));
        assert!(limit.under_way.lock().is_empty());
    }
}
