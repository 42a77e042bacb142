//! Who holds the connections, what each of them is doing, and which one is closed when there is no place for a new one.
//!
//! Neither a clock nor a socket is in here: moments are arguments, and to close a connection is to cancel its token.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::peer::Peer;

/// How many connections no single peer may take from the others.
const KEPT_FOR_OTHERS: usize = 64;
/// How many connections of this machine are served beside all others: as many requests as the generator has in flight.
const GUESTS: usize = 40;

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    total: usize,
    per_peer: usize,
}

impl Bounds {
    /// `total` for all; behind a proxy, whose connections carry everybody's requests, one peer may have all of them.
    pub fn new(total: u32, behind_proxy: bool) -> Self {
        let total = total as usize;
        let half_or_more = (total / 2).max(total.saturating_sub(KEPT_FOR_OTHERS)).max(1);
        Self { total, per_peer: if behind_proxy { total } else { half_or_more } }
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// No byte of a request has come since then.
    Waiting(Instant),
    /// The request that began then has not come whole yet, head and body.
    Receiving(Instant),
    /// A request is being answered.
    Answering,
    /// The last part of an answer is on its way to the kernel.
    Sending,
}

/// One open connection, as those who carry it out see it.
#[derive(Debug)]
pub struct Connection {
    number: u64,
    peer: Peer,
    activity: Mutex<Activity>,
    closed: CancellationToken,
    connections: Weak<Connections>,
    is_counted: bool,
}

impl Connection {
    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Cancelled when the connection has to go.
    pub fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Has it no place, and carried no simulated request so far? Whether it will is known only then; until that it must
    /// not be served for anybody else.
    pub fn is_guest(&self) -> bool {
        let is_guest = |connections: Arc<Connections>| connections.table().guests.contains(&self.number);
        !self.is_counted && self.connections.upgrade().is_some_and(is_guest)
    }

    /// Bytes have come in.
    pub fn received(&self, now: Instant) {
        self.change(|activity| match activity {
            Activity::Waiting(_) => Activity::Receiving(now),
            other => other,
        });
    }

    /// The head of a request is complete; whether a body follows.
    pub fn began(&self, has_body: bool, now: Instant) {
        self.change(|activity| match activity {
            _ if !has_body => Activity::Answering,
            Activity::Receiving(since) => Activity::Receiving(since),
            _ => Activity::Receiving(now),
        });
    }

    /// The body of a request is complete, or nobody wants the rest of it.
    pub fn received_whole(&self) {
        self.change(|activity| match activity {
            Activity::Receiving(_) => Activity::Answering,
            other => other,
        });
    }

    /// An answer is complete, but not yet written.
    pub fn answered(&self) {
        self.change(|_| Activity::Sending);
    }

    /// Everything is written that was to be.
    pub fn flushed(&self, now: Instant) {
        self.change(|activity| match activity {
            Activity::Sending => Activity::Waiting(now),
            other => other,
        });
    }

    /// From here on it counts nowhere and is never closed: it carries the program's own simulated requests.
    pub fn exempt(&self) {
        self.leave();
    }

    fn leave(&self) {
        if let Some(connections) = self.connections.upgrade() {
            connections.table().remove(self.peer, self.number);
        }
    }

    fn change(&self, change: impl FnOnce(Activity) -> Activity) {
        let mut activity = self.activity.lock().unwrap_or_else(PoisonError::into_inner);
        *activity = change(*activity);
    }

    /// The smaller, the sooner it is closed; `None` while a request is being answered.
    fn closing_order(&self) -> Option<(u8, Instant)> {
        match *self.activity.lock().unwrap_or_else(PoisonError::into_inner) {
            Activity::Waiting(since) => Some((0, since)),
            Activity::Receiving(since) => Some((1, since)),
            Activity::Answering | Activity::Sending => None,
        }
    }
}

/// The place of an open connection, free again when this is dropped.
#[derive(Debug)]
pub struct Place(Arc<Connection>);

impl Place {
    /// The connection that has it.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// All connections that count.
#[derive(Debug)]
pub struct Connections {
    bounds: Bounds,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    total: usize,
    /// No peer in here is without a connection.
    peers: HashMap<Peer, HashMap<u64, Arc<Connection>>>,
    /// Those that are served without a place.
    guests: HashSet<u64>,
}

impl Connections {
    /// None yet.
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, table: Mutex::default() })
    }

    /// A place for a new connection. When there is none, a connection of the peer that has most of them makes room: the
    /// one that has waited longest for a request, else the one whose request takes longest to come in. A token below
    /// `stop` tells it.
    ///
    /// When all of them are being answered, one of this machine is served all the same, as a guest: it may be the
    /// generator's. `None`: there is nothing for it.
    pub fn admit(self: &Arc<Self>, peer: Peer, now: Instant, stop: &CancellationToken) -> Option<Place> {
        let mut table = self.table();
        let is_full = table.total >= self.bounds.total || table.count(peer) >= self.bounds.per_peer;
        let is_counted = !is_full || table.make_room(peer).is_some();
        if !is_counted && (!peer.is_loopback() || table.guests.len() >= GUESTS) {
            return None;
        }
        let connection = Arc::new(Connection {
            number: table.next,
            peer,
            activity: Mutex::new(Activity::Waiting(now)),
            closed: stop.child_token(),
            connections: Arc::downgrade(self),
            is_counted,
        });
        table.next += 1;
        if is_counted {
            table.total += 1;
            table.peers.entry(peer).or_default().insert(connection.number, Arc::clone(&connection));
        } else {
            table.guests.insert(connection.number);
        }
        Some(Place(connection))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn count(&self, peer: Peer) -> usize {
        self.peers.get(&peer).map_or(0, HashMap::len)
    }

    /// Closes a connection of the fullest peer; of several, of the one that wants a new connection. `None`: it has none
    /// that may be closed.
    fn make_room(&mut self, newcomer: Peer) -> Option<()> {
        let (fullest, connections) =
            self.peers.iter().max_by_key(|(peer, connections)| (connections.len(), **peer == newcomer))?;
        let closable = connections.values().filter_map(|one| one.closing_order().map(|order| (order, one)));
        let (_, last) = closable.min_by_key(|(order, one)| (*order, one.number))?;
        last.closed.cancel();
        let (fullest, number) = (*fullest, last.number);
        self.remove(fullest, number);
        Some(())
    }

    /// Does nothing for one that has left already.
    fn remove(&mut self, peer: Peer, number: u64) {
        self.guests.remove(&number);
        let Some(connections) = self.peers.get_mut(&peer) else { return };
        if connections.remove(&number).is_some() {
            self.total -= 1;
        }
        if connections.is_empty() {
            self.peers.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::of(text.parse().expect("an address"))
    }

    #[test]
    fn a_peer_may_hold_all_but_64_or_half() {
        for (total, per_peer) in [(512, 448), (129, 65), (128, 64), (127, 63), (100, 50), (3, 1), (2, 1), (1, 1)] {
            assert_eq!(Bounds::new(total, false).per_peer, per_peer, "of {total}");
            assert_eq!(Bounds::new(total, true).per_peer, total as usize, "of {total} behind a proxy");
        }
    }

    /// Connections with a time that stands at second 100 when they begin.
    struct Scene {
        connections: Arc<Connections>,
        began: Instant,
        open: HashMap<&'static str, Place>,
    }

    impl Scene {
        fn new(total: u32, behind_proxy: bool) -> Self {
            let connections = Connections::new(Bounds::new(total, behind_proxy));
            Self { connections, began: Instant::now(), open: HashMap::new() }
        }

        fn at(&self, second: u64) -> Instant {
            self.began + Duration::from_secs(second)
        }

        /// Opens a connection whose name begins with the last digit of its peer's address; whether it got a place.
        fn open(&mut self, name: &'static str, second: u64) -> bool {
            // Peer 0 is this machine.
            let peer = peer(&match &name[..1] {
                "0" => "127.0.0.1".to_owned(),
                other => format!("192.0.2.{other}"),
            });
            let place = self.connections.admit(peer, self.at(second), &CancellationToken::new());
            place.map(|place| self.open.insert(name, place)).is_some()
        }

        fn of(&self, name: &str) -> &Connection {
            self.open[name].connection()
        }

        fn answering(&self, name: &str, second: u64) {
            self.of(name).received(self.at(second));
            self.of(name).began(false, self.at(second));
        }

        fn idle(&self, name: &str, second: u64) {
            self.answering(name, second);
            self.of(name).answered();
            self.of(name).flushed(self.at(second));
        }

        /// The names of those that were told to close, in order. Their places stay taken, as if they were slow to go.
        fn closed(&self) -> Vec<&'static str> {
            let mut closed: Vec<_> =
                self.open.iter().filter(|(_, place)| place.0.closed.is_cancelled()).map(|(name, _)| *name).collect();
            closed.sort_unstable();
            closed
        }
    }

    #[test]
    fn the_longest_waiting_goes_first_then_the_oldest_unfinished_request_and_no_answer() {
        // 6 for a peer.
        let mut scene = Scene::new(12, false);
        for name in ["1 silent", "1 idle", "1 head", "1 body", "1 answer", "1 sending"] {
            assert!(scene.open(name, 1));
        }
        scene.idle("1 idle", 5);
        scene.of("1 head").received(scene.at(2));
        scene.of("1 body").received(scene.at(1));
        scene.of("1 body").began(true, scene.at(3));
        scene.answering("1 answer", 1);
        scene.answering("1 sending", 1);
        scene.of("1 sending").answered();
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
        scene.of("0 a").exempt();
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
        scene.of("1 a").exempt();
        assert!(scene.open("1 c", 1));
        scene.idle("1 a", 2);
        for name in ["1 d", "1 e"] {
            assert!(scene.open(name, 3));
        }
        assert_eq!(scene.closed(), ["1 c", "1 d"], "an idle one that is exempt is not closed");
        scene.open.clear();
        let table = scene.connections.table();
        assert_eq!((table.total, table.peers.len()), (0, 0));
    }

    #[test]
    fn what_a_connection_does_follows_from_what_is_seen_of_it() {
        let mut scene = Scene::new(4, false);
        assert!(scene.open("1", 1));
        let (connection, at) = (scene.of("1"), |second| scene.at(second));
        let now = || *connection.activity.lock().expect("no panic");
        connection.flushed(at(2));
        assert_eq!(now(), Activity::Waiting(at(1)), "nothing was written");
        connection.received(at(2));
        connection.received(at(3));
        connection.began(true, at(4));
        assert_eq!(now(), Activity::Receiving(at(2)), "the head's first byte counts");
        connection.received_whole();
        connection.received(at(5));
        connection.flushed(at(5));
        assert_eq!(now(), Activity::Answering);
        connection.answered();
        assert_eq!(now(), Activity::Sending);
        // Two requests in one packet: no byte comes in before the second one.
        connection.began(true, at(6));
        assert_eq!(now(), Activity::Receiving(at(6)));
        connection.answered();
        connection.received_whole();
        connection.flushed(at(7));
        assert_eq!(now(), Activity::Waiting(at(7)), "answered before its body was complete");
    }
}
