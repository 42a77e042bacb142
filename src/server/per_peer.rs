//! How much one peer may do at a time, so that it can't take everything from the others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::peer::Peer;

/// Counts what is under way, for each peer apart.
#[derive(Debug)]
pub struct PerPeer {
    most: u32,
    /// No peer in here has nothing under way.
    under_way: Mutex<HashMap<Peer, u32>>,
}

/// One thing that is under way, until this is dropped.
#[derive(Debug)]
pub struct UnderWay<'a> {
    bound: &'a PerPeer,
    peer: Peer,
}

impl PerPeer {
    /// At most so many for each.
    pub fn new(most: u32) -> Self {
        Self { most, under_way: Mutex::default() }
    }

    /// One more for this peer. `None`: it has as many as it may.
    pub fn begin(&self, peer: Peer) -> Option<UnderWay<'_>> {
        let mut under_way = self.under_way();
        let count = under_way.entry(peer).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(UnderWay { bound: self, peer })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Peer, u32>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.bound.under_way();
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
    fn each_peer_has_its_own_bound_and_nothing_is_kept_of_those_that_are_done() {
        let bound = PerPeer::new(2);
        let [one, other] = [1, 2].map(|last| Peer::of(std::net::IpAddr::from(Ipv4Addr::new(10, 0, 0, last))));
        let (first, second) = (bound.begin(one), bound.begin(one));
        assert!(first.is_some() && second.is_some() && bound.begin(one).is_none());
        let others = bound.begin(other);
        assert!(others.is_some());
        drop(first);
        let third = bound.begin(one);
        assert!(third.is_some() && bound.begin(one).is_none());
        drop((second, third, others));
        assert!(bound.under_way().is_empty());
    }
}
