//! A run second by second, as the client saw it: how many requests it sent, how they ended, and how long they took.
//!
//! A request belongs to the second in which it was sent, as in [`super::stats::Stats::sent_per_second`], so that all
//! charts of a run have one time axis. Latency is the service time of the requests with a 2xx answer: a fast failure
//! must not make it look better. A request that is still in flight counts as sent and nowhere else.
//!
//! On the wire one second takes about 80 bytes and 600 seconds less than 60 KB, which a test checks. That is too much
//! for every snapshot, so the page fetches the timeline separately.

use serde::{Deserialize, Serialize};

use super::outcome::{Fate, FateCount};
use super::second::{Ended, Second, heat};

/// What [`Timeline::by_class`] counts, in this order.
pub const CLASSES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "no response"];

/// A run second by second, as the client saw it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// How many requests ended in each way, in the order of the names; includes the seconds that are not over.
    pub fates: Vec<FateCount>,
    /// The seconds of the run that are over.
    pub seconds: Vec<Second>,
    /// Bucket and count of all ok requests; includes the seconds that are not over.
    pub heat: Vec<(u8, u32)>,
}

impl Timeline {
    /// The timeline of a run of which `over` whole seconds are over. `sent` is the number of requests sent in each
    /// second; a second that is not in it has none. `ended` are the requests that have ended, in any order.
    pub fn of(sent: &[u32], ended: &[Ended], over: u32) -> Self {
        let fates = counts(ended);
        let mut by_second = vec![Vec::new(); over as usize];
        for request in ended {
            if let Some(in_second) = by_second.get_mut(request.second as usize) {
                in_second.push(*request);
            }
        }
        let sent = sent.iter().copied().chain(std::iter::repeat(0));
        Self {
            seconds: sent.zip(&by_second).map(|(sent, ended)| Second::of(sent, ended, &fates)).collect(),
            heat: heat(ended.iter().filter(|request| request.fate.is_ok()).map(|request| request.service)),
            fates: fates.into_iter().map(|(fate, count)| FateCount { name: fate.name(), count }).collect(),
        }
    }

    /// The timeline of a run in which nothing is in flight any more.
    pub fn of_ended(ended: &[Ended], over: u32) -> Self {
        let mut sent = vec![0; over as usize];
        for request in ended {
            if let Some(sent) = sent.get_mut(request.second as usize) {
                *sent += 1;
            }
        }
        Self::of(&sent, ended, over)
    }

    /// How many requests were sent in each second.
    pub fn sent(&self) -> Vec<u32> {
        self.seconds.iter().map(|second| second.sent).collect()
    }

    /// How many requests of each second ended in each of the [`CLASSES`]. Cancelled requests are in none of them: that
    /// they have no response is not the service's doing.
    pub fn by_class(&self) -> Vec<[u32; CLASSES.len()]> {
        let classes: Vec<Option<usize>> = self.fates.iter().map(|fate| class(&fate.name)).collect();
        let of_second = |second: &Second| {
            let mut counts = [0; CLASSES.len()];
            for (class, count) in classes.iter().zip(&second.fates) {
                if let Some(class) = class {
                    counts[*class] += count;
                }
            }
            counts
        };
        self.seconds.iter().map(of_second).collect()
    }

    /// How many requests of each second failed: they got any response but a 2xx, or none. Cancelled ones did not fail.
    pub fn failed(&self) -> Vec<u32> {
        self.by_class().iter().map(|[_ok, failed @ ..]| failed.iter().sum()).collect()
    }
}

/// The place of a fate in [`CLASSES`]; `None` for a cancelled request. A name that only a newer version knows counts as
/// a transport error.
fn class(name: &str) -> Option<usize> {
    match Fate::of_name(name).unwrap_or(Fate::Transport) {
        Fate::Answered(..300) => Some(0),
        Fate::Answered(300..400) => Some(1),
        Fate::Answered(400..500) => Some(2),
        Fate::Answered(500..) => Some(3),
        Fate::Timeout | Fate::Connect | Fate::Transport => Some(4),
        Fate::Cancelled => None,
    }
}

/// How many requests ended in each way, in the order of the names of the fates.
fn counts(ended: &[Ended]) -> Vec<(Fate, u32)> {
    let mut counts = Vec::<(Fate, u32)>::new();
    for request in ended {
        match counts.iter_mut().find(|(fate, _)| *fate == request.fate) {
            Some((_, count)) => *count += 1,
            None => counts.push((request.fate, 1)),
        }
    }
    counts.sort_by_cached_key(|(fate, _)| fate.name());
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(sent_ms: u32, service: u32, fate: &str) -> Ended {
        Ended { second: sent_ms / 1000, service, fate: Fate::of_name(fate).expect("a fate") }
    }

    #[test]
    fn each_request_counts_in_the_second_in_which_it_was_sent() {
        let ended = [
            request(0, 500, "200"),
            request(999, 700, "201"),
            request(1000, 9000, "503"),
            request(1500, 300, "200"),
            request(2100, 120, "200"),
        ];
        let timeline = Timeline::of(&[2, 4, 1], &ended, 2);
        let names: Vec<_> = timeline.fates.iter().map(|fate| (fate.name.as_str(), fate.count)).collect();
        assert_eq!(names, [("200", 3), ("201", 1), ("503", 1)]);
        assert_eq!(timeline.sent(), [2, 4], "the third one is not over, and two of the second are in flight");
        let [first, second] = &timeline.seconds[..] else { panic!("{timeline:?}") };
        assert_eq!((&first.fates[..], &second.fates[..]), (&[1, 1, 0][..], &[1, 0, 1][..]));
        assert_eq!((first.p50, first.p95, first.max), (Some(0.5), None, Some(0.7)));
        assert_eq!(second.heat, [(3, 1)], "the failure is not in it");
        assert_eq!(timeline.heat, [(1, 1), (3, 1), (5, 1), (6, 1)], "the request of the unfinished second is");
        assert_eq!(Timeline::of_ended(&ended, 2).sent(), [2, 2], "without any in flight");
    }

    #[test]
    fn the_95th_percentile_takes_twenty_ok_requests() {
        let ended = |ok: u32| -> Vec<Ended> {
            (1..=ok).map(|i| request(0, i * 1000, "200")).chain([request(0, 1, "500")]).collect()
        };
        for (ok, p95) in [(19, None), (20, Some(19.0))] {
            let timeline = Timeline::of_ended(&ended(ok), 1);
            let second = &timeline.seconds[0];
            assert_eq!((second.p95, second.max), (p95, Some(f64::from(ok))), "{ok} ok requests");
        }
    }

    #[test]
    fn seconds_without_a_request_are_empty() {
        let timeline = Timeline::of(&[], &[], 3);
        assert_eq!(timeline.seconds, vec![Second::default(); 3]);
        assert!(timeline.fates.is_empty() && timeline.heat.is_empty());
        assert_eq!((timeline.by_class(), timeline.failed()), (vec![[0; 5]; 3], vec![0; 3]));
    }

    #[test]
    fn cancelled_requests_are_in_no_class_and_are_no_failures() {
        let fates = ["200", "201", "304", "404", "500", "503", "timeout", "connect", "transport", "cancelled"];
        let ended: Vec<Ended> = fates.iter().map(|fate| request(0, 100, fate)).collect();
        let timeline = Timeline::of_ended(&ended, 2);
        assert_eq!(timeline.by_class(), [[2, 1, 1, 2, 3], [0; 5]]);
        assert_eq!((timeline.failed(), timeline.sent()), (vec![7, 0], vec![10, 0]));
    }

    #[test]
    fn a_timeline_of_an_earlier_version_is_read() {
        let stored = r#"{"fates":[{"name":"200","count":22},{"name":"503","count":1}],
            "seconds":[[[19,1],[0.5,0.7,0.9],[[3,19]]],[[20,0],[0.5,0.7,0.9],[[3,12],[4,8]]],[[0,0],[null,null,null],[]]],
            "heat":[[3,39]]}"#;
        let timeline: Timeline = serde_json::from_str(stored).expect("readable");
        assert_eq!((timeline.sent(), timeline.failed()), (vec![20, 20, 0], vec![1, 0, 0]));
        let lines: Vec<_> = timeline.seconds.iter().map(|second| [second.p50, second.p95, second.max]).collect();
        let slowest = Some(0.9);
        assert_eq!(lines, [[Some(0.5), None, slowest], [Some(0.5), Some(0.7), slowest], [None; 3]]);
    }

    #[test]
    fn the_longest_run_stays_below_60_kb_on_the_wire() {
        // Twenty requests in each second, spread over seven buckets and four ways to end.
        let fates = ["200", "201", "500", "503"];
        let ended: Vec<Ended> = (0..12_000)
            .map(|i: u32| {
                request(i * 50, [250, 400, 550, 800, 1234, 2345, 45_678][i as usize % 7], fates[i as usize % 4])
            })
            .collect();
        let timeline = Timeline::of_ended(&ended, 600);
        let json = serde_json::to_string(&timeline).expect("serializes");
        assert_eq!(serde_json::from_str::<Timeline>(&json).expect("parses"), timeline);
        assert!((20_000..60_000).contains(&json.len()), "{} bytes", json.len());
    }
}
