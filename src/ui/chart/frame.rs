//! Renders any [`Chart`]: caption, picture, legend, a sentence, and the numbers as a table.

use leptos::prelude::*;

use super::{Chart, Rows};
use crate::ui::table::{escaped, head_cells};

impl Chart {
    /// The whole chart as HTML. `id` is a name that no other chart of the page has; ids in the HTML derive from it.
    pub fn html(&self, id: &str, rows: &Rows) -> String {
        format!("<figure class=\"chart\" data-chart=\"{id}\">{}</figure>", self.figure_html(id, rows.has(id)))
    }

    /// The content of the `<figure>`. Without `rows` its table is empty until a script fetches them.
    pub fn figure_html(&self, id: &str, rows: bool) -> String {
        let title = escaped(&self.title);
        let axes = escaped(&self.axes);
        let sentence = escaped(&self.sentence);
        let left_out = escaped(self.left_out);
        let legend = self.legend_html();
        let rows = if rows { self.rows_html() } else { String::new() };
        let heads = head_cells(self.heads());
        let points = self.points.len();
        let complete = if self.left_out.is_empty() { " hidden" } else { "" };
        let mut html = format!(
            "<figcaption>{title}</figcaption><p class=\"reading\" aria-hidden=\"true\"></p>\
             <div class=\"plot\"><svg class=\"picture\" role=\"img\" aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\" data-part=\"picture\" data-points=\"{points}\">\
             <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{axes} {sentence}</desc>"
        );
        self.push_picture(&mut html);
        html.push_str(&format!(
            "</svg>\
             <svg class=\"cursor-layer\" aria-hidden=\"true\"><line class=\"cursor\" y1=\"0\" y2=\"100%\" visibility=\"hidden\"/></svg>\
             <input class=\"reader\" type=\"range\" min=\"0\" max=\"{last}\" value=\"{last}\" aria-label=\"Values of {title}\" hidden></div>\
             <ul class=\"legend\" data-part=\"legend\">{legend}</ul><p class=\"sentence\" data-part=\"sentence\">{sentence}</p>\
             <details class=\"as-table\"><summary>Show as table</summary><p class=\"left-out\" data-part=\"left-out\"{complete}>{left_out}</p>\
             <div class=\"table-scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{title} as a table\">\
             <table><thead data-part=\"heads\"><tr>{heads}</tr></thead><tbody data-part=\"rows\">{rows}</tbody></table></div></details>",
            last = points.saturating_sub(1),
        ));
        html
    }
}

/// A chart with the rows of its table.
#[component]
pub fn ChartFrame(
    /// A name that no other chart of the page has; ids derive from it.
    id: &'static str,
    /// The chart.
    chart: Chart,
) -> impl IntoView {
    view! { <figure class="chart" data-chart=id inner_html=chart.figure_html(id, true)></figure> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_named_and_described_and_has_its_rows_on_request() {
        let chart = Chart {
            title: "Rate & more".to_owned(),
            sentence: "At most 2.".to_owned(),
            axes: "Per second.".to_owned(),
            columns: vec!["time"],
            points: vec![super::super::ChartPoint { at: 0.5, cells: vec!["0:01".to_owned()] }],
            ..Chart::default()
        };
        let html = chart.figure_html("rate", true);
        assert!(
            html.contains(
                "<title id=\"rate-title\">Rate &amp; more</title><desc id=\"rate-desc\">Per second. At most 2.</desc>"
            ),
            "{html}"
        );
        assert!(
            html.contains("data-points=\"1\"") && html.contains("aria-label=\"Values of Rate &amp; more\""),
            "{html}"
        );
        assert!(html.contains("<tr data-at=\"0.5000\"><th scope=\"row\">0:01</th></tr></tbody>"), "{html}");
        assert!(chart.figure_html("rate", false).contains("<tbody data-part=\"rows\"></tbody>"));
    }
}
