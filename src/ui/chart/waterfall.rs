//! Single requests as bars on a time axis: what the client saw, and what the server saw.

use leptos::prelude::*;

use super::figure::ChartFigure;
use super::point::{ChartPoint, Tick};
use super::scale::{Plane, Scale, round_ticks};
use super::{Chart, Key, Mark};
use crate::ui::format::millis;

/// The times of one request, in milliseconds on one clock.
#[derive(Clone, Debug, PartialEq)]
pub struct WaterfallRow {
    /// A short name, shown beside the bars.
    pub name: String,
    /// The endpoint, and how the request ended.
    pub call: String,
    /// The id of the request in the server's log.
    pub request_id: Option<String>,
    /// When the plan wanted the request to be sent.
    pub wanted: f64,
    /// When the client sent it.
    pub sent: f64,
    /// When the request arrived at the server, and when the server responded; `None` without a record of it.
    pub server: Option<(f64, f64)>,
    /// When the client had received the whole response, or gave up.
    pub received: f64,
}

/// Requests as bars, one row per request, each from its planned time on.
#[component]
pub fn Waterfall(
    /// The id of the figure.
    id: &'static str,
    /// The caption.
    title: &'static str,
    /// What the bars show, in a sentence.
    #[prop(into)]
    sentence: Signal<String>,
    /// The requests, in the order of the rows.
    #[prop(into)]
    rows: Signal<Vec<WaterfallRow>>,
) -> impl IntoView {
    let chart = Signal::derive(move || rows.with(|rows| waterfall(title, sentence.get(), rows)));
    view! { <ChartFigure id chart /> }
}

/// A chart with one row per request, each starting at the planned time of its request.
pub fn waterfall(title: &str, sentence: String, requests: &[WaterfallRow]) -> Chart {
    let longest = requests.iter().map(|request| request.received - request.wanted).fold(0.0, f64::max);
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let rows = requests.len().max(1) as f64;
    let plane = Plane { x: Scale::Linear(longest), y: Scale::Linear(rows) };
    let classes = ["waited", "client", "server"];
    let names = ["waiting to be sent", "client: sent to received", "server: arrived to responded"];
    let middle = |row: usize| (row as f64 + 0.5) / rows;
    let ticks = round_ticks(longest, 4).into_iter();
    Chart {
        title: title.to_owned(),
        sentence,
        axes: "Milliseconds since the planned time of the request; one row per request.".to_owned(),
        x: ticks.map(|ms| Tick { at: plane.x.share(ms), text: format!("{ms} ms") }).collect(),
        y: requests
            .iter()
            .enumerate()
            .map(|(row, request)| Tick { at: 1.0 - middle(row), text: request.name.clone() })
            .collect(),
        marks: classes.into_iter().zip(bars(&plane, requests)).map(|(class, path)| Mark { class, path }).collect(),
        keys: classes.into_iter().zip(names).map(|(class, name)| Key::new(class, name)).collect(),
        columns: vec!["request", "call", "sent", "arrived", "responded", "received", "request id"],
        points: requests
            .iter()
            .enumerate()
            .map(|(row, request)| ChartPoint { at: middle(row), cells: cells(request) })
            .collect(),
        ..Chart::default()
    }
}

/// The bars of all requests: waiting, client, server. Each row has the client's bar above the server's.
fn bars(plane: &Plane, requests: &[WaterfallRow]) -> [String; 3] {
    let mut paths = [String::new(), String::new(), String::new()];
    for (row, request) in requests.iter().enumerate() {
        let top = (requests.len() - row) as f64;
        let client = (top - 0.48, top - 0.12);
        let server = (top - 0.88, top - 0.52);
        let since = |time: f64| time - request.wanted;
        paths[0].push_str(&plane.rect((0.0, since(request.sent)), client));
        paths[1].push_str(&plane.rect((since(request.sent), since(request.received)), client));
        if let Some((arrived, responded)) = request.server {
            paths[2].push_str(&plane.rect((since(arrived), since(responded)), server));
        }
    }
    paths
}

fn cells(request: &WaterfallRow) -> Vec<String> {
    let since = |time: f64| millis(Some(time - request.wanted));
    let server = request.server.map(|(arrived, responded)| [since(arrived), since(responded)]);
    let [arrived, responded] = server.unwrap_or_default();
    let id = request.request_id.clone().unwrap_or_default();
    let name = request.name.clone();
    vec![name, request.call.clone(), since(request.sent), arrived, responded, since(request.received), id]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_and_server_have_their_bars_from_the_planned_time_on() {
        let request = WaterfallRow {
            name: "#7".into(),
            call: "GET /users · 200".into(),
            request_id: None,
            wanted: 100.0,
            sent: 101.0,
            server: Some((102.0, 108.0)),
            received: 110.0,
        };
        let unseen = WaterfallRow { name: "#8".into(), server: None, received: 105.0, ..request.clone() };
        let chart = waterfall("Slowest", String::new(), &[request, unseen]);
        assert_eq!(chart.points[0].cells, ["#7", "GET /users · 200", "1.00 ms", "2.00 ms", "8.00 ms", "10.0 ms", ""]);
        assert_eq!(chart.points[1].cells[3..5], ["", ""]);
        let bars: Vec<usize> = chart.marks.iter().map(|mark| mark.path.matches('M').count()).collect();
        assert_eq!(bars, [2, 2, 1], "the server knows nothing of the second one");
        assert!(chart.marks[2].path.starts_with("M120 39H480"));
    }
}
