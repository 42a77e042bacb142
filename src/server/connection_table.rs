//! Which peer holds which connections, and which one of them is closed to make room.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::connection_state::ConnectionState;
use super::peer::Peer;

/// How many connections no single peer may take from the others.
const KEPT_FOR_OTHERS: usize = 64;
/// How many guests there may be: as many as the generator has requests in flight.
pub(super) const GUESTS: usize = 40;

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub(super) total: usize,
    pub(super) per_peer: usize,
}

impl Bounds {
    /// At most `total` connections. One peer may not hold all of them, unless it is a proxy (`behind_proxy`), whose
    /// connections carry everybody's requests.
    pub fn new(total: u32, behind_proxy: bool) -> Self {
        let total = total as usize;
        let half_or_more = (total / 2).max(total.saturating_sub(KEPT_FOR_OTHERS)).max(1);
        Self { total, per_peer: if behind_proxy { total } else { half_or_more } }
    }
}

/// All connections that count, by peer; and the guests, which are served although no place is free.
#[derive(Debug, Default)]
pub(super) struct ConnectionTable {
    last_number: u64,
    total: usize,
    /// A peer without connections has no entry.
    peers: HashMap<Peer, HashMap<u64, Arc<ConnectionState>>>,
    guests: HashSet<u64>,
}

impl ConnectionTable {
    pub(super) fn is_full_for(&self, peer: Peer, bounds: Bounds) -> bool {
        let held = self.peers.get(&peer).map_or(0, HashMap::len);
        self.total >= bounds.total || held >= bounds.per_peer
    }

    /// Closes a connection of the peer that holds most of them; if several do, of the newcomer. `false` if that peer
    /// has none that may be closed.
    pub(super) fn make_room(&mut self, newcomer: Peer) -> bool {
        let size = |(peer, connections): &(&Peer, &HashMap<_, _>)| (connections.len(), **peer == newcomer);
        let Some((fullest, connections)) = self.peers.iter().max_by_key(size) else { return false };
        let closable = connections.iter().filter_map(|(number, state)| Some((state.closing_order()?, *number, state)));
        let Some((_, number, state)) = closable.min_by_key(|(order, number, _)| (*order, *number)) else {
            return false;
        };
        state.closed.cancel();
        let fullest = *fullest;
        self.remove(fullest, number);
        true
    }

    /// Adds a connection and returns its number.
    pub(super) fn insert(&mut self, peer: Peer, state: &Arc<ConnectionState>) -> u64 {
        let number = self.next_number();
        self.total += 1;
        self.peers.entry(peer).or_default().insert(number, Arc::clone(state));
        number
    }

    /// Adds a guest and returns its number. `None` if there are too many guests.
    pub(super) fn insert_guest(&mut self) -> Option<u64> {
        if self.guests.len() >= GUESTS {
            return None;
        }
        let number = self.next_number();
        self.guests.insert(number);
        Some(number)
    }

    pub(super) fn is_guest(&self, number: u64) -> bool {
        self.guests.contains(&number)
    }

    /// Removes a connection or a guest, if it is still there.
    pub(super) fn remove(&mut self, peer: Peer, number: u64) {
        self.guests.remove(&number);
        let Some(connections) = self.peers.get_mut(&peer) else { return };
        if connections.remove(&number).is_some() {
            self.total -= 1;
        }
        if connections.is_empty() {
            self.peers.remove(&peer);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0 && self.peers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_may_hold_all_but_64_or_half() {
        for (total, per_peer) in [(512, 448), (129, 65), (128, 64), (127, 63), (100, 50), (3, 1), (2, 1), (1, 1)] {
            assert_eq!(Bounds::new(total, false).per_peer, per_peer, "of {total}");
            assert_eq!(Bounds::new(total, true).per_peer, total as usize, "of {total} behind a proxy");
        }
    }
}
