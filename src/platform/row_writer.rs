//! One task that writes rows in batches, so that nobody who produces a row ever waits for the database.
//!
//! Producers and writer are connected by a bounded channel: when it is full, rows are dropped and counted.
//! [`RowWriter::flush`] is a message in the same channel: when it returns, every row pushed before it is in the
//! database or counted as dropped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::database::StoreError;

/// How many rows may wait for the writer.
const CAPACITY: usize = 8192;
/// A batch is written when it holds this many rows …
const BATCH: usize = 4096;
/// … or when its first row has waited this long.
const MAX_AGE: Duration = Duration::from_millis(250);
/// How long the writer retries a batch before it drops and counts it …
const PERSISTENCE: Duration = Duration::from_secs(40);
/// … when the batch before was dropped as well …
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

/// Called with each row that is dropped.
type OnDrop<T> = Arc<dyn Fn(&T) + Send + Sync>;

enum Message<T> {
    Row(T),
    /// Asks to write everything before this message at once, and then to notify this sender.
    Flush(oneshot::Sender<()>),
}

/// The producers' end. The task behind it writes what is left and ends when the last clone is dropped.
pub struct RowWriter<T> {
    messages: mpsc::Sender<Message<T>>,
    dropped: Arc<AtomicU64>,
    on_drop: OnDrop<T>,
    trouble: watch::Receiver<bool>,
}

impl<T> Clone for RowWriter<T> {
    fn clone(&self) -> Self {
        Self {
            messages: self.messages.clone(),
            dropped: Arc::clone(&self.dropped),
            on_drop: Arc::clone(&self.on_drop),
            trouble: self.trouble.clone(),
        }
    }
}

impl<T: Send + Sync + 'static> RowWriter<T> {
    /// Starts the writing task, which calls `on_drop` with each row that is dropped. Once `hurry` is cancelled, it does
    /// not wait long for a database that can't be written.
    pub fn start(
        name: &'static str,
        sink: impl Sink<T>,
        hurry: CancellationToken,
        on_drop: impl Fn(&T) + Send + Sync + 'static,
    ) -> Self {
        let (messages, receiver) = mpsc::channel(CAPACITY);
        let (in_trouble, trouble) = watch::channel(false);
        let dropped = Arc::new(AtomicU64::new(0));
        let on_drop: OnDrop<T> = Arc::new(on_drop);
        let task = Writer {
            name,
            sink,
            messages: receiver,
            batch: Vec::new(),
            dropped: Arc::clone(&dropped),
            on_drop: Arc::clone(&on_drop),
            hurry,
            last_chance: OnceLock::new(),
            in_trouble,
            lost: false,
        };
        tokio::spawn(task.run());
        Self { messages, dropped, on_drop, trouble }
    }

    /// Hands a row to the writer. Never waits: when the channel is full, the row is dropped and counted.
    pub fn push(&self, row: T) {
        let refused = match self.messages.try_send(Message::Row(row)) {
            Ok(()) => return,
            Err(mpsc::error::TrySendError::Full(message) | mpsc::error::TrySendError::Closed(message)) => message,
        };
        if let Message::Row(row) = refused {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            (self.on_drop)(&row);
        }
    }

    /// Waits until every row pushed before is written, or counted as dropped.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        // Both fail only when the task is gone, and then there is nothing to wait for.
        if self.messages.send(Message::Flush(done)).await.is_ok() {
            written.await.ok();
        }
    }

    /// Holds `true` while the database can't be written: a batch has waited for it for eight seconds.
    pub fn trouble(&self) -> watch::Receiver<bool> {
        self.trouble.clone()
    }

    /// How many rows wait in the channel.
    pub fn queued(&self) -> u32 {
        (self.messages.max_capacity() - self.messages.capacity()) as u32
    }

    /// How many rows were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct Writer<T, S> {
    name: &'static str,
    sink: S,
    messages: mpsc::Receiver<Message<T>>,
    batch: Vec<T>,
    dropped: Arc<AtomicU64>,
    on_drop: OnDrop<T>,
    hurry: CancellationToken,
    /// When the rows that could not be written are given up at a shutdown: one moment for all batches.
    last_chance: OnceLock<Instant>,
    in_trouble: watch::Sender<bool>,
    /// Whether the last batch was dropped.
    lost: bool,
}

impl<T: Send + Sync + 'static, S: Sink<T>> Writer<T, S> {
    async fn run(mut self) {
        while let Some(flushes) = self.next_batch().await {
            self.write().await;
            for done in flushes {
                // The caller of the flush may have stopped waiting.
                done.send(()).ok();
            }
        }
    }

    /// Collects rows until the batch is full, its first row is [`MAX_AGE`] old, or somebody flushes; returns the senders
    /// to notify. `None` when all producers are gone and nothing is left.
    async fn next_batch(&mut self) -> Option<Vec<oneshot::Sender<()>>> {
        let mut received = Vec::new();
        let mut flushes = Vec::new();
        let mut deadline = None;
        while self.batch.len() < BATCH && flushes.is_empty() {
            let receiving = self.messages.recv_many(&mut received, BATCH - self.batch.len());
            let count = match deadline {
                None => receiving.await,
                Some(deadline) => match timeout_at(deadline, receiving).await {
                    Ok(count) => count,
                    Err(_) => break,
                },
            };
            if count == 0 {
                return (!self.batch.is_empty()).then_some(flushes);
            }
            deadline.get_or_insert_with(|| Instant::now() + MAX_AGE);
            for message in received.drain(..) {
                match message {
                    Message::Row(row) => self.batch.push(row),
                    Message::Flush(done) => flushes.push(done),
                }
            }
        }
        Some(flushes)
    }

    async fn write(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.lost = !self.persist().await;
        if self.lost {
            let rows = self.batch.len();
            tracing::error!(writer = self.name, rows, "rows could not be written and are dropped");
            self.dropped.fetch_add(rows as u64, Ordering::Relaxed);
            self.batch.iter().for_each(|row| (self.on_drop)(row));
        }
        // The next batch finds out for itself whether the trouble is over. Only a change wakes those who watch.
        self.in_trouble.send_if_modified(std::mem::take);
        self.batch.clear();
    }

    /// Retries until the batch is written or the time for it is over; returns whether it is written. An attempt that
    /// has begun is waited for, because its rows may be written in the end; SQLite bounds it.
    async fn persist(&self) -> bool {
        let began = Instant::now();
        let patience = if self.lost { PERSISTENCE_AFTER_LOSS } else { PERSISTENCE };
        let over = CancellationToken::new();
        let attempts = async {
            while let Err(error) = self.sink.write(&self.batch).await {
                let rows = self.batch.len();
                tracing::warn!(writer = self.name, rows, %error, "rows could not be written; trying again");
                if over.run_until_cancelled(tokio::time::sleep(MAX_AGE)).await.is_none() {
                    return false;
                }
            }
            true
        };
        let give_up = async {
            let hurry = async {
                self.hurry.cancelled().await;
                let last_chance = self.last_chance.get_or_init(|| Instant::now() + PERSISTENCE_AT_SHUTDOWN);
                tokio::time::sleep_until(*last_chance).await;
            };
            tokio::select! {
                () = hurry => {}
                () = tokio::time::sleep_until(began + patience) => {}
            }
            over.cancel();
        };
        let tell_trouble = async {
            tokio::time::sleep_until(began + TROUBLE_AFTER).await;
            self.in_trouble.send_replace(true);
        };
        // An attempt may itself wait for a lock, so the alarms run beside it.
        let alarms = async {
            tokio::join!(give_up, tell_trouble);
            std::future::pending().await
        };
        tokio::select! {
            biased;
            written = attempts => written,
            never = alarms => never,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use parking_lot::Mutex;

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
            self.batches.lock().push(rows.to_vec());
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn flush_is_a_barrier() {
        let memory = Memory::default();
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new(), |_| {});
        (0..10).for_each(|row| writer.push(row));
        writer.flush().await;
        assert_eq!(memory.batches.lock().concat(), (0..10).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn rows_are_written_together_after_a_quarter_of_a_second() {
        let memory = Memory::default();
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new(), |_| {});
        writer.push(1);
        tokio::time::sleep(Duration::from_millis(100)).await;
        writer.push(2);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(*memory.batches.lock(), [[1, 2]]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_drops_and_counts_and_never_waits() {
        let memory = Memory::default();
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new(), |_| {});
        // The writer's task does not get a turn before the first await.
        let pushed = CAPACITY as u32 + 5;
        (0..pushed).for_each(|row| writer.push(row));
        assert_eq!(writer.dropped(), 5);
        writer.flush().await;
        let written = memory.batches.lock().concat().len() as u64;
        assert_eq!(written + writer.dropped(), u64::from(pushed));
    }

    #[tokio::test(start_paused = true)]
    async fn rows_that_can_not_be_written_are_counted() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let teller = Arc::clone(&told);
        let broken = Memory { broken: true, ..Memory::default() };
        let hurry = CancellationToken::new();
        let writer = RowWriter::start("test", broken, hurry.clone(), move |row| {
            teller.lock().push(*row);
        });
        let began = Instant::now();
        (0..3).for_each(|row| writer.push(row));
        writer.flush().await;
        assert_eq!(writer.dropped(), 3);
        assert_eq!(*told.lock(), [0, 1, 2]);
        assert_eq!(began.elapsed(), PERSISTENCE);
        hurry.cancel();
        writer.push(3);
        writer.flush().await;
        let until_now = PERSISTENCE + PERSISTENCE_AT_SHUTDOWN;
        assert_eq!(began.elapsed(), until_now, "at a shutdown nobody waits so long");
        writer.push(4);
        writer.flush().await;
        let more = began.elapsed() - until_now;
        assert!(more <= 2 * MAX_AGE, "all batches share the time of a shutdown: {more:?}");
        assert_eq!(writer.dropped(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_is_told_while_it_lasts() {
        let memory = Memory::default();
        memory.locked.store(true, Ordering::Relaxed);
        let writer = RowWriter::start("test", memory.clone(), CancellationToken::new(), |_| {});
        let mut trouble = writer.trouble();
        let began = Instant::now();
        writer.push(1);
        trouble.wait_for(|trouble| *trouble).await.expect("the writer lives");
        assert!(began.elapsed() >= TROUBLE_AFTER, "not for a lock of a few seconds: {:?}", began.elapsed());
        memory.locked.store(false, Ordering::Relaxed);
        trouble.wait_for(|trouble| !*trouble).await.expect("the writer lives");
        assert_eq!(writer.dropped(), 0, "no row was lost");
        assert_eq!(*memory.batches.lock(), [[1]]);
    }
}
