//! Both sides of single requests as bars: when it was wanted, sent and received by the client, and
//! when it arrived at and was answered by the server.

use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark, Point, Tick};
use crate::ui::format::millis;

/// The moments of one request, in milliseconds on one clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Its short name, beside its bars.
    pub name: String,
    /// What it called, and how it ended.
    pub call: String,
    /// The id by which the server's log knows it.
    pub request_id: Option<String>,
    /// When the plan wanted it.
    pub wanted: f64,
    /// When it left the client.
    pub sent: f64,
    /// When it arrived, and when its answer was made: unknown, where the server has no record of it.
    pub server: Option<(f64, f64)>,
    /// When the client had the whole answer, or gave up.
    pub received: f64,
}

/// The chart: one row for each request, each from the moment it was wanted.
pub fn waterfall(title: &str, sentence: String, exchanges: &[Exchange]) -> Chart {
    let longest = exchanges.iter().map(|e| e.received - e.wanted).fold(0.0, f64::max);
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let rows = exchanges.len().max(1) as f64;
    let plane = Plane { x: Scale::Linear(longest), y: Scale::Linear(rows) };
    let mut paths = [String::new(), String::new(), String::new()];
    for (i, e) in exchanges.iter().enumerate() {
        let top = rows - i as f64;
        let (client, server) = ((top - 0.48, top - 0.12), (top - 0.88, top - 0.52));
        paths[0].push_str(&plane.rect((0.0, e.sent - e.wanted), client));
        paths[1].push_str(&plane.rect((e.sent - e.wanted, e.received - e.wanted), client));
        if let Some((arrived, answered)) = e.server {
            paths[2].push_str(&plane.rect((arrived - e.wanted, answered - e.wanted), server));
        }
    }
    let classes = ["waited", "client", "server"];
    let names = ["waited to be sent", "client: sent to received", "server: arrived to answered"];
    let point = |(i, e): (usize, &Exchange)| {
        let since = |moment: f64| millis(Some(moment - e.wanted));
        let (arrived, answered) = e.server.map(|(a, b)| (since(a), since(b))).unwrap_or_default();
        let id = e.request_id.clone().unwrap_or_default();
        let cells = vec![e.name.clone(), e.call.clone(), since(e.sent), arrived, answered, since(e.received), id];
        Point { at: (i as f64 + 0.5) / rows, cells }
    };
    Chart {
        title: title.to_owned(),
        sentence,
        axes: "Milliseconds since the request was wanted; a row for each request.".to_owned(),
        x: round_ticks(longest, 4)
            .into_iter()
            .map(|ms| Tick { at: plane.x.share(ms), text: format!("{ms} ms") })
            .collect(),
        y: exchanges
            .iter()
            .enumerate()
            .map(|(i, e)| Tick { at: 1.0 - (i as f64 + 0.5) / rows, text: e.name.clone() })
            .collect(),
        marks: classes.into_iter().zip(paths).map(|(class, path)| Mark { class, path }).collect(),
        keys: classes.into_iter().zip(names).map(|(class, name)| Key { class, name: name.to_owned() }).collect(),
        columns: vec!["request", "call", "sent", "arrived", "answered", "received", "request id"],
        points: exchanges.iter().enumerate().map(point).collect(),
        ..Chart::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_has_its_bar_from_the_moment_the_request_was_wanted() {
        let exchange = Exchange {
            name: "#7".into(),
            call: "GET /users · 200".into(),
            request_id: None,
            wanted: 100.0,
            sent: 101.0,
            server: Some((102.0, 108.0)),
            received: 110.0,
        };
        let unseen = Exchange { name: "#8".into(), server: None, received: 105.0, ..exchange.clone() };
        let chart = waterfall("Slowest", String::new(), &[exchange, unseen]);
        assert_eq!(chart.points[0].cells, ["#7", "GET /users · 200", "1.00 ms", "2.00 ms", "8.00 ms", "10.0 ms", ""]);
        assert_eq!(chart.points[1].cells[3..5], ["", ""]);
        let bars: Vec<usize> = chart.marks.iter().map(|mark| mark.path.matches('M').count()).collect();
        assert_eq!(bars, [2, 2, 1], "the server knows nothing of the second one");
        assert!(chart.marks[2].path.starts_with("M120 39H480"));
    }
}
