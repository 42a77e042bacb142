//! The bounded queue between those who produce rows and the one who writes them.
//!
//! Each thread that pushes has a ring of its own, which nobody else writes to: but for the first one, a row is moved
//! without a lock and without waiting for memory that another thread holds. A ring is emptied when it has a batch, when
//! somebody waits for what is in it, and otherwise at fixed times: to wake the writer at a first row, both sides would
//! have to agree about every single one. A channel costs a request several times as much.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rtrb::{Consumer, Producer, PushError, RingBuffer};
use thread_local::ThreadLocal;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

/// What the writer takes from.
struct Held<T> {
    /// The other ends of all rings.
    rings: Vec<Consumer<T>>,
    /// Who waits until the rows before are written.
    barriers: Vec<oneshot::Sender<()>>,
    /// Nobody pushes any more.
    closed: bool,
    /// Nobody takes any more.
    abandoned: bool,
}

/// A thread's end of its ring. In memory of its own, so that two threads never write to the same cache line.
#[repr(align(128))]
struct Inlet<T>(RefCell<Producer<T>>);

/// The queue. Whoever has it can look at it and push.
pub(crate) struct Inbox<T: Send> {
    inlets: ThreadLocal<Inlet<T>>,
    held: Mutex<Held<T>>,
    wake: Notify,
    capacity: usize,
    batch: usize,
}

impl<T: Send> Inbox<T> {
    /// For `capacity` rows of each thread; its outlet gives all out early when there are `batch` of one thread.
    pub(crate) fn new(capacity: usize, batch: usize) -> (Arc<Self>, Outlet<T>) {
        let held = Held { rings: Vec::new(), barriers: Vec::new(), closed: false, abandoned: false };
        let (inlets, held, wake) = (ThreadLocal::new(), Mutex::new(held), Notify::new());
        let inbox = Arc::new(Self { inlets, held, wake, capacity, batch });
        (Arc::clone(&inbox), Outlet { inbox, taken: Instant::now(), closed: false })
    }

    /// What is held is consistent after each step, so a panic elsewhere does no harm.
    fn held(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A ring for a thread that has none.
    fn inlet(&self) -> Inlet<T> {
        let (producer, consumer) = RingBuffer::new(self.capacity);
        let mut held = self.held();
        if !held.abandoned {
            held.rings.push(consumer);
        }
        Inlet(RefCell::new(producer))
    }

    /// Takes a row in.
    ///
    /// # Errors
    /// The row, when there is no place for it, or nobody to write it.
    pub(crate) fn push(&self, row: T) -> Result<(), T> {
        let count = {
            let mut inlet = self.inlets.get_or(|| self.inlet()).0.borrow_mut();
            if inlet.is_abandoned() {
                return Err(row);
            }
            inlet.push(row).map_err(|PushError::Full(row)| row)?;
            self.capacity - inlet.slots()
        };
        // Not for each further one: only this thread raises the number, and a writer that is busy is told by then.
        if count == self.batch {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Is answered when all rows that were pushed before are dealt with; with an error when nobody will.
    pub(crate) fn barrier(&self) -> oneshot::Receiver<()> {
        let (done, written) = oneshot::channel();
        {
            let mut held = self.held();
            if !held.abandoned {
                held.barriers.push(done);
            }
        }
        self.wake.notify_one();
        written
    }

    /// Nobody will push any more.
    pub(crate) fn close(&self) {
        self.held().closed = true;
        self.wake.notify_one();
    }

    /// How many rows wait.
    pub(crate) fn len(&self) -> usize {
        self.held().rings.iter().map(Consumer::slots).sum()
    }
}

/// The end where the rows come out.
pub(crate) struct Outlet<T: Send> {
    inbox: Arc<Inbox<T>>,
    /// When it was emptied last.
    taken: Instant,
    closed: bool,
}

impl<T: Send> Outlet<T> {
    /// Waits for the next batch and puts it into `rows`, which is empty: what came in until there was a
    /// batch, a barrier, or `age` was over since the last time; those of one thread in its order. Whoever waits for
    /// it is to be told when it is written. `None`: there was nothing left, and nothing will come.
    pub(crate) async fn next(&mut self, rows: &mut Vec<T>, age: Duration) -> Option<Vec<oneshot::Sender<()>>> {
        loop {
            if !self.closed {
                let _whichever_comes_first = timeout_at(self.taken + age, self.inbox.wake.notified()).await;
            }
            let barriers = self.take_all(rows);
            if !(rows.is_empty() && barriers.is_empty()) {
                return Some(barriers);
            }
            if self.closed {
                return None;
            }
        }
    }

    fn take_all(&mut self, rows: &mut Vec<T>) -> Vec<oneshot::Sender<()>> {
        self.taken = Instant::now();
        let mut held = self.inbox.held();
        self.closed = held.closed;
        // Whoever has put a barrier there has pushed before, and that is seen here.
        for ring in &mut held.rings {
            if let Ok(chunk) = ring.read_chunk(ring.slots()) {
                rows.extend(chunk);
            }
        }
        std::mem::take(&mut held.barriers)
    }
}

impl<T: Send> Drop for Outlet<T> {
    /// Whoever waits for a barrier would wait for ever. What is in the rings goes with the task that was to write it.
    fn drop(&mut self) {
        let mut held = self.inbox.held();
        held.abandoned = true;
        held.rings.clear();
        held.barriers.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Barrier;

    use super::*;

    const AGE: Duration = Duration::from_millis(250);

    /// Pushes rows of thread number `thread`, and says how many were taken.
    fn push_all(inbox: &Inbox<(u32, u32)>, thread: u32, numbers: Range<u32>) -> u32 {
        numbers.filter(|number| inbox.push((thread, *number)).is_ok()).count() as u32
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rows_of_all_threads_come_out_once_and_those_of_one_in_its_order() {
        const THREADS: u32 = 4;
        let (inbox, mut outlet) = Inbox::new(64, 32);
        // A thread that ends leaves its ring to the next one: none ends before all have their own.
        let started = Arc::new(Barrier::new(THREADS as usize));
        let pushers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (inbox, started) = (Arc::clone(&inbox), Arc::clone(&started));
                std::thread::spawn(move || {
                    let first = push_all(&inbox, thread, 0..1);
                    started.wait();
                    first + push_all(&inbox, thread, 1..50_000)
                })
            })
            .collect();
        let closer = std::thread::spawn(move || {
            let taken: Vec<u32> = pushers.into_iter().map(|pusher| pusher.join().expect("no panic")).collect();
            inbox.close();
            taken
        });
        let (mut all, mut rows) = (vec![Vec::new(); THREADS as usize], Vec::new());
        while outlet.next(&mut rows, AGE).await.is_some() {
            rows.drain(..).for_each(|(thread, number)| all[thread as usize].push(number));
        }
        let taken = closer.join().expect("no panic");
        for (rows, taken) in all.iter().zip(taken) {
            assert_eq!(rows.len() as u32, taken, "what was taken comes out once, what was refused does not");
            assert!(taken >= 64 && rows.is_sorted_by(|a, b| a < b), "in its order");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_or_a_barrier_is_not_waited_for() {
        let (inbox, mut outlet) = Inbox::new(64, 32);
        let (began, mut rows) = (Instant::now(), Vec::new());
        assert_eq!(push_all(&inbox, 0, 0..32), 32);
        assert!(outlet.next(&mut rows, AGE).await.is_some_and(|barriers| barriers.is_empty()));
        assert_eq!((rows.len(), began.elapsed()), (32, Duration::ZERO));
        rows.clear();
        let written = inbox.barrier();
        let barriers = outlet.next(&mut rows, AGE).await.expect("a barrier");
        assert_eq!((rows.len(), barriers.len(), began.elapsed()), (0, 1, Duration::ZERO));
        drop((barriers, outlet));
        assert!(written.await.is_err(), "nobody says that it is written");
        assert_eq!((inbox.push((0, 0)), inbox.barrier().await.is_err()), (Err((0, 0)), true), "nobody takes any more");
    }
}
