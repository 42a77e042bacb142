//! What a screen reader hears of a run: one sentence now and then, because the fast numbers are silent.

use std::time::Duration;

use leptos::prelude::*;

use super::run_feed::RunFeed;
use crate::origin::RunId;
use crate::traffic::model::Run;
use crate::traffic::view::run_sentences::announcement;
use crate::ui::clock::now;

/// How often a run that goes on is spoken of, in milliseconds.
const EVERY: u64 = 10_000;
/// The shortest time between two sentences, in milliseconds.
const APART: u64 = 3000;
/// How often the page looks whether a sentence is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What there is to speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Nothing new: there is no run, it is being closed, or its numbers are old.
    Silent,
    /// The run goes on.
    Active(RunId),
    /// The run has ended, but its result can't be stored yet.
    Unstored(RunId),
    /// The run is closed.
    Closed(RunId),
}

impl Moment {
    fn of(run: Option<&Run>, is_stale: bool) -> Self {
        match run {
            None => Self::Silent,
            Some(run) if run.closed => Self::Closed(run.job_id),
            Some(_) if is_stale => Self::Silent,
            Some(run) if run.unstored => Self::Unstored(run.job_id),
            Some(run) if run.status.is_final() => Self::Silent,
            Some(run) => Self::Active(run.job_id),
        }
    }
}

/// Which sentence was the last one, and when it was said, in milliseconds of a steady clock.
#[derive(Clone, Copy, Debug, Default)]
struct Spoken {
    last: Option<(Moment, u64)>,
}

impl Spoken {
    /// Is a sentence due? Then it counts as said. There is one at the start, one every ten seconds, and one at the end, with
    /// three seconds between any two. The end of a run that the page never showed alive is no news.
    fn is_due(&mut self, moment: Moment, now: u64) -> bool {
        let is_due = match (self.last, moment) {
            (_, Moment::Silent) => false,
            (None, Moment::Closed(_)) => {
                self.last = Some((moment, now.saturating_sub(APART)));
                false
            }
            (None, _) => true,
            (Some((_, at)), _) if now.saturating_sub(at) < APART => false,
            (Some((last, at)), Moment::Active(_)) if last == moment => now.saturating_sub(at) >= EVERY,
            (Some((last, _)), _) => last != moment,
        };
        if is_due {
            self.last = Some((moment, now));
        }
        is_due
    }
}

/// The sentence for screen readers. It is on the page, but not to be seen.
#[component]
pub fn Announcer(
    /// The run.
    feed: RunFeed,
) -> impl IntoView {
    let sentence = RwSignal::new(String::new());
    let spoken = StoredValue::new(Spoken::default());
    let look = move || {
        let Some(run) = feed.run.try_get_untracked() else { return };
        let is_stale = feed.connection.try_read_untracked().is_none_or(|connection| connection.is_stale());
        let moment = Moment::of(run.as_ref(), is_stale);
        let is_due = spoken.try_update_value(|spoken| spoken.is_due(moment, now())).unwrap_or(false);
        if let (true, Some(run)) = (is_due, run.as_ref()) {
            let _ = sentence.try_set(announcement(run));
        }
    };
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(look, LOOK_EVERY) {
            on_cleanup(move || timer.clear());
        }
    });
    view! {
        <p class="visually-hidden" role="status">
            {sentence}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::traffic::model::Status;
    use crate::traffic::view::fixture;

    fn id(n: u128) -> RunId {
        RunId(Uuid::from_u128(n))
    }

    /// The moments of which something is said, when the page looks every half second; `at` says what there is to speak of
    /// at a moment in milliseconds.
    fn said(until: u64, at: impl Fn(u64) -> Moment) -> Vec<(u64, Moment)> {
        let mut spoken = Spoken::default();
        let moments = (500..=until).step_by(500).map(|now| (now, at(now)));
        moments.filter(|(now, moment)| spoken.is_due(*moment, *now)).collect()
    }

    #[test]
    fn a_whole_run_is_spoken_of_at_its_start_every_ten_seconds_and_at_its_end() {
        let run = Moment::Active(id(1));
        // It runs for thirty seconds and takes one to be closed.
        let heard = said(120_000, |now| match now {
            0..30_000 => run,
            30_000..31_000 => Moment::Silent,
            _ => Moment::Closed(id(1)),
        });
        assert_eq!(heard, [(500, run), (10_500, run), (20_500, run), (31_000, Moment::Closed(id(1)))]);
    }

    #[test]
    fn the_end_waits_until_the_sentence_before_it_is_over() {
        let run = Moment::Active(id(1));
        let heard = said(60_000, |now| if now < 11_000 { run } else { Moment::Closed(id(1)) });
        assert_eq!(heard, [(500, run), (10_500, run), (13_500, Moment::Closed(id(1)))]);
    }

    #[test]
    fn an_ended_run_is_silent_when_the_page_is_opened_and_the_next_run_is_not() {
        let next = Moment::Active(id(2));
        let heard = said(9000, |now| if now < 4000 { Moment::Closed(id(1)) } else { next });
        assert_eq!(heard, [(4000, next)]);
        // A run that ends between two looks of the page is spoken of, too.
        let heard = said(9000, |now| Moment::Closed(id(if now < 4000 { 1 } else { 2 })));
        assert_eq!(heard, [(4000, Moment::Closed(id(2)))]);
    }

    #[test]
    fn old_numbers_are_not_repeated() {
        let run = Moment::Active(id(1));
        let heard = said(60_000, |now| if (5000..40_000).contains(&now) { Moment::Silent } else { run });
        assert_eq!(heard, [(500, run), (40_000, run), (50_000, run), (60_000, run)]);
    }

    #[test]
    fn what_there_is_to_speak_of_follows_the_run() {
        let running = fixture::run(Status::Running, false);
        let run = running.job_id;
        assert_eq!(Moment::of(None, false), Moment::Silent);
        assert_eq!(Moment::of(Some(&running), false), Moment::Active(run));
        assert_eq!(Moment::of(Some(&running), true), Moment::Silent, "the banner speaks of the lost connection");
        let closing = fixture::run(Status::Completed, false);
        assert_eq!(Moment::of(Some(&closing), false), Moment::Silent);
        let unstored = Run { unstored: true, ..closing };
        assert_eq!(Moment::of(Some(&unstored), false), Moment::Unstored(run));
        assert_eq!(Moment::of(Some(&fixture::run(Status::Completed, true)), false), Moment::Closed(run));
    }
}
