//! The picture and the legend of a chart as SVG.

use super::scale::{HEIGHT, WIDTH};
use super::{Chart, Key, Tick};
use crate::ui::table::escaped;

/// A share from 0 to 1 as an SVG length.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn side_tick(tick: &Tick) -> String {
    let y = percent(1.0 - tick.at);
    let text = escaped(&tick.text);
    format!(
        "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/><text class=\"tick\" x=\"-8\" y=\"{y}\" dy=\"0.35em\" text-anchor=\"end\">{text}</text>"
    )
}

fn bottom_tick(tick: &Tick) -> String {
    let anchor = match tick.at {
        at if at < 0.02 => "start",
        at if at > 0.98 => "end",
        _ => "middle",
    };
    format!(
        "<text class=\"tick\" x=\"{}\" y=\"100%\" dy=\"1.5em\" text-anchor=\"{anchor}\">{}</text>",
        percent(tick.at),
        escaped(&tick.text)
    )
}

impl Chart {
    /// Appends the content of the picture's `<svg>`.
    pub(super) fn push_picture(&self, html: &mut String) {
        html.extend(self.y.iter().map(side_tick).chain(self.x.iter().map(bottom_tick)));
        html.push_str(&format!(
            "<svg width=\"100%\" height=\"100%\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\">"
        ));
        for mark in self.marks.iter().filter(|mark| !mark.path.is_empty()) {
            html.extend(["<path class=\"", mark.class, "\" d=\"", &mark.path, "\"/>"]);
        }
        html.push_str("</svg>");
    }

    pub(super) fn legend_html(&self) -> String {
        let item = |Key { class, name }: &Key| {
            format!(
                "<li class=\"key\"><svg class=\"swatch\" viewBox=\"0 0 24 10\" aria-hidden=\"true\"><path class=\"{class}\" d=\"M0 5H24\"/><path class=\"{class} block\" d=\"M4 1H20V9H4Z\"/></svg>{}</li>",
                escaped(name)
            )
        };
        self.keys.iter().map(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Mark};
    use super::*;

    #[test]
    fn a_picture_holds_its_marks_and_labels() {
        let mark = |class, path: &str| Mark { class, path: path.to_owned() };
        let chart = Chart {
            x: vec![Tick { at: 0.0, text: "0:00".to_owned() }, Tick { at: 1.0, text: "now".to_owned() }],
            marks: vec![mark("planned", "M0 0"), mark("achieved", "")],
            ..Chart::default()
        };
        let mut html = String::new();
        chart.push_picture(&mut html);
        assert!(html.contains("<path class=\"planned\" d=\"M0 0\"/>") && !html.contains("achieved"), "{html}");
        assert!(html.contains("text-anchor=\"start\">0:00<") && html.contains("text-anchor=\"end\">now<"), "{html}");
    }

    #[test]
    fn a_legend_names_each_key_in_its_own_look() {
        let chart = Chart { keys: vec![Key { class: "p95", name: "p95 < p99".to_owned() }], ..Chart::default() };
        let html = chart.legend_html();
        assert!(html.contains("class=\"p95 block\"") && html.ends_with("p95 &lt; p99</li>"), "{html}");
    }
}
