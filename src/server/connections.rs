//! Who may open a connection, and which one is closed if there is no place for a new one.
//!
//! There is neither a clock nor a socket in here: the current time is an argument, and a connection is closed by
//! cancelling its token.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection_state::ConnectionState;
pub use super::connection_table::Bounds;
use super::connection_table::ConnectionTable;
use super::peer::Peer;

/// One open connection with a client.
#[derive(Debug)]
pub struct ClientConnection {
    number: u64,
    /// The client at the other end.
    pub(super) peer: Peer,
    /// Those who read, write and respond report here what happens.
    pub(super) state: Arc<ConnectionState>,
    connections: Weak<Connections>,
    is_counted: bool,
}

impl ClientConnection {
    /// Whether it was admitted without a place and has carried no simulated request so far. Such a connection may be the
    /// generator's, so it is open, but serves nobody else.
    pub fn is_guest(&self) -> bool {
        let is_guest = |connections: Arc<Connections>| connections.table.lock().is_guest(self.number);
        !self.is_counted && self.connections.upgrade().is_some_and(is_guest)
    }

    /// Frees the place of the connection: from now on it counts nowhere and is never closed to make room. For a
    /// connection that carries simulated requests, and for one that has ended.
    pub fn free_place(&self) {
        if let Some(connections) = self.connections.upgrade() {
            connections.table.lock().remove(self.peer, self.number);
        }
    }
}

/// A connection that was admitted. Its place is free again when this is dropped, even if parts of a request still share
/// the connection.
#[derive(Debug)]
pub struct AdmittedConnection(pub(super) Arc<ClientConnection>);

impl Drop for AdmittedConnection {
    fn drop(&mut self) {
        self.0.free_place();
    }
}

/// All open connections.
#[derive(Debug)]
pub struct Connections {
    bounds: Bounds,
    table: Mutex<ConnectionTable>,
}

impl Connections {
    /// No connections, of which there may be as many as `bounds` says.
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, table: Mutex::default() })
    }

    /// Admits a new connection, whose token is a child of `stop`. `None` if there is no place for it.
    ///
    /// If all places are taken, the peer that holds most of them loses a connection: the one that has waited longest for
    /// a request, or else the one with the oldest incomplete request. If all of its connections are being answered, a
    /// newcomer from this machine is admitted as a guest, because it may be the generator's.
    pub fn admit(self: &Arc<Self>, peer: Peer, now: Instant, stop: &CancellationToken) -> Option<AdmittedConnection> {
        let state = Arc::new(ConnectionState::new(now, stop.child_token()));
        let mut table = self.table.lock();
        let is_counted = !table.is_full_for(peer, self.bounds) || table.make_room(peer);
        let number = if is_counted {
            table.insert(peer, &state)
        } else if peer.is_loopback() {
            table.insert_guest()?
        } else {
            return None;
        };
        let connections = Arc::downgrade(self);
        Some(AdmittedConnection(Arc::new(ClientConnection { number, peer, state, connections, is_counted })))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::super::connection_table::GUESTS;
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::of(text.parse().expect("an address"))
    }

    /// Open connections by name, and a clock.
    struct Scene {
        connections: Arc<Connections>,
        began: Instant,
        open: HashMap<&'static str, AdmittedConnection>,
    }

    impl Scene {
        fn new(total: u32, behind_proxy: bool) -> Self {
            let connections = Connections::new(Bounds::new(total, behind_proxy));
            Self { connections, began: Instant::now(), open: HashMap::new() }
        }

        fn at(&self, second: u64) -> Instant {
            self.began + Duration::from_secs(second)
        }

        /// Opens a connection whose name begins with the last digit of its peer's address; 0 is this machine. The
        /// result is whether it was admitted.
        fn open(&mut self, name: &'static str, second: u64) -> bool {
            let peer = peer(&match &name[..1] {
                "0" => "127.0.0.1".to_owned(),
                other => format!("192.0.2.{other}"),
            });
            let admitted = self.connections.admit(peer, self.at(second), &CancellationToken::new());
            admitted.map(|admitted| self.open.insert(name, admitted)).is_some()
        }

        fn of(&self, name: &str) -> &ClientConnection {
            &self.open[name].0
        }

        fn answering(&self, name: &str, second: u64) {
            self.of(name).state.bytes_received(self.at(second));
            self.of(name).state.head_received(false, self.at(second));
        }

        fn idle(&self, name: &str, second: u64) {
            self.answering(name, second);
            self.of(name).state.response_complete();
            self.of(name).state.flushed(self.at(second));
        }

        /// The names of those that were told to close, in order. They are not dropped, as if they were slow to close.
        fn closed(&self) -> Vec<&'static str> {
            let is_closed = |admitted: &AdmittedConnection| admitted.0.state.closed.is_cancelled();
            let mut closed: Vec<_> =
                self.open.iter().filter(|(_, admitted)| is_closed(admitted)).map(|(name, _)| *name).collect();
            closed.sort_unstable();
            closed
        }
    }

    #[test]
    fn the_longest_waiting_goes_first_then_the_oldest_unfinished_request_and_no_answer() {
        // One peer may hold six of the twelve.
        let mut scene = Scene::new(12, false);
        for name in ["1 silent", "1 idle", "1 head", "1 body", "1 answer", "1 sending"] {
            assert!(scene.open(name, 1));
        }
        scene.idle("1 idle", 5);
        scene.of("1 head").state.bytes_received(scene.at(2));
        scene.of("1 body").state.bytes_received(scene.at(1));
        scene.of("1 body").state.head_received(true, scene.at(3));
        scene.answering("1 answer", 1);
        scene.answering("1 sending", 1);
        scene.of("1 sending").state.response_complete();
        let expected: [&[&str]; 5] = [
            &["1 silent"],
            &["1 idle", "1 silent"],
            &["1 body", "1 idle", "1 silent"],
            &["1 body", "1 head", "1 idle", "1 silent"],
            &["1 body", "1 head", "1 idle", "1 silent"],
        ];
        for (name, closed) in ["1 new a", "1 new b", "1 new c", "1 new d", "1 new e"].into_iter().zip(expected) {
            let admitted = scene.open(name, 9);
            assert_eq!(admitted, name != "1 new e", "{name}");
            assert_eq!(scene.closed(), closed, "{name}");
            if admitted {
                scene.answering(name, 9);
            }
        }
        assert!(scene.open("2 other", 9), "another peer has its own places");
    }

    #[test]
    fn when_all_are_full_the_fullest_peer_makes_room_and_the_newcomer_of_equals() {
        let mut scene = Scene::new(6, true);
        for name in ["1 a", "1 b", "1 c", "2 a", "2 b", "3 a"] {
            assert!(scene.open(name, 1));
        }
        scene.idle("1 a", 2);
        assert!(scene.open("3 b", 3));
        assert_eq!(scene.closed(), ["1 b"]);
        // Each has two: the newcomer's own goes, and not the oldest of all.
        assert!(scene.open("2 c", 3));
        assert_eq!(scene.closed(), ["1 b", "2 a"]);
        scene.answering("2 b", 4);
        scene.answering("2 c", 4);
        assert!(!scene.open("2 d", 4), "those of others don't go instead");
    }

    #[test]
    fn this_machine_is_served_as_a_guest_when_nothing_makes_room() {
        let mut scene = Scene::new(2, true);
        for name in ["1 a", "1 b"] {
            assert!(scene.open(name, 1));
            scene.answering(name, 1);
        }
        assert!(!scene.open("2 a", 2) && scene.open("0 a", 2));
        assert!(scene.of("0 a").is_guest() && !scene.of("1 a").is_guest());
        scene.of("0 a").free_place();
        assert!(!scene.of("0 a").is_guest(), "it has carried a simulated request");
        let names: Vec<&'static str> = (0..=GUESTS).map(|guest| &*format!("0 {guest}").leak()).collect();
        assert!(names[..GUESTS].iter().all(|name| scene.open(name, 3)));
        assert!(!scene.open(names[GUESTS], 3), "as many as the generator has in flight");
        scene.open.remove(names[0]);
        assert!(scene.open(names[GUESTS], 3), "one has gone");
    }

    #[test]
    fn places_are_free_again_and_the_exempt_need_none() {
        let mut scene = Scene::new(4, false);
        assert!(scene.open("1 a", 1) && scene.open("1 b", 1));
        scene.answering("1 a", 1);
        scene.answering("1 b", 1);
        assert!(!scene.open("1 c", 1));
        scene.of("1 a").free_place();
        assert!(scene.open("1 c", 1));
        scene.idle("1 a", 2);
        for name in ["1 d", "1 e"] {
            assert!(scene.open(name, 3));
        }
        assert_eq!(scene.closed(), ["1 c", "1 d"], "an idle one that is exempt is not closed");
        scene.open.clear();
        assert!(scene.connections.table.lock().is_empty());
    }
}
