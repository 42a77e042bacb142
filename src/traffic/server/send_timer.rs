//! Wakes the generator on time. It waits through the [`Clock`] trait, so that tests can use tokio's paused clock.
//!
//! tokio rounds its timers up to whole milliseconds and wakes 1–2 ms late. A dedicated thread that sleeps until absolute
//! deadlines and then wakes the waiting task is ten times more exact.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::platform::boot_clock;

/// The clock by which the generator waits.
pub trait Clock: Send + Sync + 'static {
    /// Is ready at `deadline` or soon after it.
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()>;

    /// How long the machine has been up. Unlike [`Instant`], it includes the time in which the machine was suspended.
    fn uptime(&self) -> Duration;
}

struct Alarm {
    deadline: std::time::Instant,
    wake: oneshot::Sender<()>,
}

/// The production clock: one thread that does nothing but sleep and wake tasks.
#[derive(Debug)]
pub struct TimerThread {
    alarms: Sender<Alarm>,
    started: Instant,
}

impl TimerThread {
    /// Starts the thread. It ends when the clock is dropped.
    ///
    /// # Errors
    /// When the operating system can't start the thread.
    pub fn start() -> std::io::Result<Self> {
        let (alarms, receiver) = channel();
        std::thread::Builder::new().name("pacer".to_owned()).spawn(move || ring(&receiver))?;
        Ok(Self { alarms, started: Instant::now() })
    }
}

impl Clock for TimerThread {
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        let (wake, woken) = oneshot::channel();
        let sent = self.alarms.send(Alarm { deadline: deadline.into_std(), wake });
        Box::pin(async move {
            if sent.is_err() || woken.await.is_err() {
                // The thread has ended, which only a bug can cause. Waking up late is better than never.
                tokio::time::sleep_until(deadline).await;
            }
        })
    }

    fn uptime(&self) -> Duration {
        // Without a boot clock a stall is noticed, but not a suspend.
        boot_clock::uptime().unwrap_or_else(|| self.started.elapsed())
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the real clock that everything else gets its time from")]
fn ring(receiver: &Receiver<Alarm>) {
    let mut alarms: Vec<Alarm> = Vec::new();
    loop {
        let now = std::time::Instant::now();
        let (due, later) = alarms.drain(..).partition(|alarm: &Alarm| alarm.deadline <= now);
        alarms = later;
        for alarm in due {
            // The waiting task may have been woken by something else and be gone.
            let _ = alarm.wake.send(());
        }
        alarms.retain(|alarm| !alarm.wake.is_closed());
        let next = alarms.iter().map(|alarm| alarm.deadline).min();
        let received = match next {
            Some(deadline) => receiver.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())),
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(alarm) => alarms.push(alarm),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// tokio's own timers, which are exact under the paused clock of a test. The field is the start of the clock.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct TokioClock(pub(crate) Instant);

#[cfg(test)]
impl Clock for TokioClock {
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(deadline))
    }

    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wakes_at_the_deadline_and_not_before() {
        let clock = TimerThread::start().expect("a thread");
        let start = Instant::now();
        let late = clock.sleep_until(start + Duration::from_millis(40));
        clock.sleep_until(start + Duration::from_millis(10)).await;
        assert!(start.elapsed() >= Duration::from_millis(10));
        late.await;
        assert!(start.elapsed() >= Duration::from_millis(40));
    }
}
