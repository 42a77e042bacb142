//! The bounded queue between those who produce rows and the one who writes them.
//!
//! Two vectors that change places, and a lock for as long as it takes to put a row into one of them:
//! a row is moved once, and whoever pushes it wakes the writer at the first row and when there is a
//! batch, not each time. A channel of single messages costs a request several times as much.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

struct Held<T> {
    rows: Vec<T>,
    /// Who waits until the rows before are written.
    barriers: Vec<oneshot::Sender<()>>,
    /// Nobody pushes any more.
    closed: bool,
    /// Nobody takes any more.
    abandoned: bool,
}

/// The queue. Whoever has it can look at it and push.
pub(super) struct Inbox<T> {
    held: Mutex<Held<T>>,
    wake: Notify,
    capacity: usize,
    batch: usize,
}

impl<T> Inbox<T> {
    /// For `capacity` rows; its outlet gives them out early when there are `batch` of them.
    pub(super) fn new(capacity: usize, batch: usize) -> (Arc<Self>, Outlet<T>) {
        let held = Held { rows: Vec::new(), barriers: Vec::new(), closed: false, abandoned: false };
        let inbox = Arc::new(Self { held: Mutex::new(held), wake: Notify::new(), capacity, batch });
        (Arc::clone(&inbox), Outlet(inbox))
    }

    /// What is held is consistent after each step, so a panic elsewhere does no harm.
    fn held(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a row in.
    ///
    /// # Errors
    /// The row, when there is no place for it, or nobody to write it.
    pub(super) fn push(&self, row: T) -> Result<(), T> {
        let count = {
            let mut held = self.held();
            if held.rows.len() >= self.capacity || held.abandoned {
                return Err(row);
            }
            held.rows.push(row);
            held.rows.len()
        };
        if count == 1 || count == self.batch {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Is answered when all rows that were pushed before are dealt with; with an error when nobody will.
    pub(super) fn barrier(&self) -> oneshot::Receiver<()> {
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
    pub(super) fn close(&self) {
        self.held().closed = true;
        self.wake.notify_one();
    }

    /// How many rows wait.
    pub(super) fn len(&self) -> usize {
        self.held().rows.len()
    }
}

/// The end where the rows come out.
pub(super) struct Outlet<T>(Arc<Inbox<T>>);

impl<T> Outlet<T> {
    /// Waits for the next batch and puts it into `rows`, which is empty: what came in until there was a
    /// batch, a barrier, or a row as old as `age`. Whoever waits for it is to be told when it is written. `None`:
    /// there was nothing left, and nothing will come.
    pub(super) async fn next(&self, rows: &mut Vec<T>, age: std::time::Duration) -> Option<Vec<oneshot::Sender<()>>> {
        let Self(inbox) = self;
        let mut deadline = None;
        loop {
            let in_time = match deadline {
                None => true,
                Some(deadline) => tokio::time::timeout_at(deadline, inbox.wake.notified()).await.is_ok(),
            };
            let (is_empty, closed) = {
                let mut held = inbox.held();
                let is_due = held.rows.len() >= inbox.batch || !held.barriers.is_empty() || held.closed || !in_time;
                if is_due && !(held.rows.is_empty() && held.barriers.is_empty()) {
                    std::mem::swap(&mut held.rows, rows);
                    return Some(std::mem::take(&mut held.barriers));
                }
                (held.rows.is_empty(), held.closed)
            };
            if !is_empty {
                deadline = deadline.or_else(|| Some(Instant::now() + age));
            } else if closed {
                return None;
            } else {
                inbox.wake.notified().await;
            }
        }
    }
}

impl<T> Drop for Outlet<T> {
    /// Whoever waits for a barrier would wait for ever.
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.abandoned = true;
        held.barriers.clear();
    }
}
