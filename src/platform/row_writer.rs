//! One task that writes rows in batches, so that nobody who produces a row ever waits for the database.
//!
//! The queue is bounded: when it is full, rows are dropped and counted. [`RowWriter::flush`] is
//! a barrier: when it returns, every row pushed before it is in the database or counted as dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::database::StoreError;
use super::inbox::{Inbox, Outlet};

/// How many rows of one thread may wait for the writer, and how many one transaction holds at most. Each thread that
/// pushes keeps memory for so many.
const CAPACITY: usize = 8192;
/// A batch is written when it holds this many rows of one thread …
const BATCH: usize = 4096;
/// … and otherwise so long after the batch before.
const MAX_AGE: Duration = Duration::from_millis(250);
/// How long a batch that can't be written is tried again before it is dropped and counted …
const PERSISTENCE: Duration = Duration::from_secs(40);
/// … and how long after another one was dropped …
const PERSISTENCE_AFTER_LOSS: Duration = Duration::from_secs(5);
/// … and when the program goes down.
const PERSISTENCE_AT_SHUTDOWN: Duration = Duration::from_secs(3);
/// A batch that is not written after this long means that the database can't be written.
const TROUBLE_AFTER: Duration = Duration::from_secs(8);

/// Where the rows go.
#[async_trait]
pub trait Sink<T>: Send + Sync + 'static {
    /// Writes all rows, or none of them.
    async fn write(&self, rows: &[T]) -> Result<(), StoreError>;
}

/// Is told of each row that is dropped.
type OnDrop<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// What the producers share. When it goes, the writer writes what is left and ends.
struct Producers<T: Send> {
    inbox: Arc<Inbox<T>>,
    dropped: Arc<AtomicU64>,
    on_drop: OnDrop<T>,
    trouble: watch::Receiver<bool>,
}

impl<T: Send> Drop for Producers<T> {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

/// The producers' end. Cheap to clone.
pub struct RowWriter<T: Send>(Arc<Producers<T>>);

impl<T: Send> Clone for RowWriter<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + Sync + 'static> RowWriter<T> {
    /// Starts the writing task. It ends when every clone of the writer is gone. Once `hurry` is
    /// cancelled, it does not wait long for a database that can't be written.
    pub fn start(name: &'static str, sink: impl Sink<T>, hurry: CancellationToken) -> Self {
        Self::start_with(name, sink, hurry, |_| {})
    }

    /// The same, and `on_drop` is told of each row that is dropped.
    pub fn start_with(
        name: &'static str,
        sink: impl Sink<T>,
        hurry: CancellationToken,
        on_drop: impl Fn(&T) + Send + Sync + 'static,
    ) -> Self {
        let (inbox, outlet) = Inbox::new(CAPACITY, BATCH);
        let dropped = Arc::new(AtomicU64::new(0));
        let on_drop: OnDrop<T> = Arc::new(on_drop);
        let (in_trouble, trouble) = watch::channel(false);
        let task = Writer {
            name,
            sink,
            pending: Vec::new(),
            dropped: Arc::clone(&dropped),
            on_drop: Arc::clone(&on_drop),
            hurry,
            in_trouble,
            lost: false,
        };
        tokio::spawn(task.run(outlet));
        Self(Arc::new(Producers { inbox, dropped, on_drop, trouble }))
    }

    /// Hands a row over. Never waits: a full queue drops the row and counts it.
    pub fn push(&self, row: T) {
        if let Err(row) = self.0.inbox.push(row) {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            (self.0.on_drop)(&row);
        }
    }

    /// Waits until every row pushed before is written, or counted as dropped.
    pub async fn flush(&self) {
        // An error means that the task is gone, and with it what could be waited for.
        let _gone = self.0.inbox.barrier().await;
    }

    /// Is `true` while the database can't be written: a batch has waited for it for eight seconds.
    pub fn trouble(&self) -> watch::Receiver<bool> {
        self.0.trouble.clone()
    }

    /// How many rows were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// A look at the writer that does not keep it alive.
    pub fn gauge(&self) -> WriterGauge {
        let inbox = Arc::clone(&self.0.inbox);
        WriterGauge { queued: Arc::new(move || inbox.len() as u32), dropped: Arc::clone(&self.0.dropped) }
    }
}

/// How a writer is doing.
#[derive(Clone)]
pub struct WriterGauge {
    queued: Arc<dyn Fn() -> u32 + Send + Sync>,
    dropped: Arc<AtomicU64>,
}

impl WriterGauge {
    /// How many rows wait for the writer.
    pub fn queued(&self) -> u32 {
        (self.queued)()
    }

    /// How many rows were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct Writer<T, S> {
    name: &'static str,
    sink: S,
    pending: Vec<T>,
    dropped: Arc<AtomicU64>,
    on_drop: OnDrop<T>,
    hurry: CancellationToken,
    in_trouble: watch::Sender<bool>,
    /// The last batch was dropped.
    lost: bool,
}

impl<T: Send + Sync + 'static, S: Sink<T>> Writer<T, S> {
    async fn run(mut self, mut outlet: Outlet<T>) {
        while let Some(barriers) = outlet.next(&mut self.pending, MAX_AGE).await {
            self.write().await;
            for done in barriers {
                // Whoever asked may have given up.
                let _gone = done.send(());
            }
        }
    }

    async fn write(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let lost = self.pending.split_off(self.persist().await);
        self.lost = !lost.is_empty();
        if self.lost {
            tracing::error!(writer = self.name, rows = lost.len(), "rows could not be written and are dropped");
            self.dropped.fetch_add(lost.len() as u64, Ordering::Relaxed);
            lost.iter().for_each(|row| (self.on_drop)(row));
        }
        // Written or given up: the next batch will see for itself. Only a change wakes those who watch.
        self.in_trouble.send_if_modified(std::mem::take);
        self.pending.clear();
    }

    /// Writes the batch, with patience, and says how many of its rows, from the first, are written. An attempt that
    /// has begun is waited for, because its rows may be written in the end; SQLite bounds it.
    async fn persist(&self) -> usize {
        let began = Instant::now();
        let patience = if self.lost { PERSISTENCE_AFTER_LOSS } else { PERSISTENCE };
        let over = CancellationToken::new();
        let written = AtomicUsize::new(0);
        let attempts = async {
            for rows in self.pending.chunks(CAPACITY) {
                while let Err(error) = self.sink.write(rows).await {
                    let (writer, rows) = (self.name, rows.len());
                    tracing::warn!(writer, rows, %error, "rows could not be written; trying again");
                    if over.run_until_cancelled(tokio::time::sleep(MAX_AGE)).await.is_none() {
                        return;
                    }
                }
                written.fetch_add(rows.len(), Ordering::Relaxed);
            }
        };
        tokio::pin!(attempts);
        // An attempt may itself wait for a lock, so the alarms run beside it.
        let mut trouble = std::pin::pin!(tokio::time::sleep_until(began + TROUBLE_AFTER));
        let mut told = false;
        let give_up = async {
            let hurry = async {
                self.hurry.cancelled().await;
                tokio::time::sleep(PERSISTENCE_AT_SHUTDOWN).await;
            };
            tokio::select! {
                () = hurry => {}
                () = tokio::time::sleep_until(began + patience) => {}
            }
        };
        tokio::pin!(give_up);
        loop {
            tokio::select! {
                biased;
                () = &mut attempts => break,
                () = &mut trouble, if !told => {
                    told = true;
                    self.in_trouble.send_replace(true);
                }
                () = &mut give_up, if !over.is_cancelled() => over.cancel(),
            }
        }
        written.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory {
        batches: Arc<Mutex<Vec<Vec<u32>>>>,
        broken: bool,
        locked: Arc<AtomicBool>,
    }

    #[async_trait]
    impl Sink<u32> for Memory {
        async fn write(&self, rows: &[u32]) -> Result<(), StoreError> {
            if self.broken || self.locked.load(Ordering::Relaxed) {
                return Err(StoreError::PoolClosed);
            }
            self.batches.lock().expect("not poisoned").push(rows.to_vec());
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn flush_is_a_barrier() {
        let memory = Memory::default();
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new());
        (0..10).for_each(|row| writer.push(row));
        writer.flush().await;
        assert_eq!(memory.batches.lock().expect("not poisoned").concat(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn rows_are_written_together_after_a_quarter_of_a_second() {
        let memory = Memory::default();
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new());
        writer.push(1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        writer.push(2);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(*memory.batches.lock().expect("not poisoned"), [[1, 2]]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_drops_and_counts_and_never_waits() {
        let memory = Memory::default();
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new());
        // The writer's task does not get a turn before the first await.
        let pushed = CAPACITY as u32 + 5;
        (0..pushed).for_each(|row| writer.push(row));
        assert_eq!(writer.dropped(), 5);
        writer.flush().await;
        let written = memory.batches.lock().expect("not poisoned").concat().len() as u64;
        assert_eq!(written + writer.dropped(), u64::from(pushed));
    }

    #[tokio::test(start_paused = true)]
    async fn rows_that_can_not_be_written_are_counted() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let teller = Arc::clone(&told);
        let broken = Memory { broken: true, ..Memory::default() };
        let hurry = CancellationToken::new();
        let writer = RowWriter::start_with("test", broken, hurry.clone(), move |row| {
            teller.lock().expect("not poisoned").push(*row);
        });
        let began = Instant::now();
        (0..3).for_each(|row| writer.push(row));
        writer.flush().await;
        assert_eq!(writer.dropped(), 3);
        assert_eq!(*told.lock().expect("not poisoned"), [0, 1, 2]);
        assert_eq!(began.elapsed(), PERSISTENCE);
        hurry.cancel();
        writer.push(3);
        writer.flush().await;
        assert_eq!(began.elapsed(), PERSISTENCE + PERSISTENCE_AT_SHUTDOWN, "at a shutdown nobody waits so long");
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_is_told_while_it_lasts() {
        let memory = Memory::default();
        memory.locked.store(true, Ordering::Relaxed);
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new());
        let mut trouble = writer.trouble();
        let began = Instant::now();
        writer.push(1);
        trouble.wait_for(|trouble| *trouble).await.expect("the writer lives");
        assert!(began.elapsed() >= TROUBLE_AFTER, "not for a lock of a few seconds: {:?}", began.elapsed());
        memory.locked.store(false, Ordering::Relaxed);
        trouble.wait_for(|trouble| !*trouble).await.expect("the writer lives");
        assert_eq!(writer.dropped(), 0, "no row was lost");
        assert_eq!(*memory.batches.lock().expect("not poisoned"), [[1]]);
    }
}
