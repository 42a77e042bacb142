//! Tables of data. Their rows are made as HTML: hundreds of rows are cheaper to bring to life as one
//! text than as thousands of nodes.

/// What stands in an empty cell.
pub(super) const NOTHING: &str = "–";

/// One cell of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    href: Option<String>,
    code: bool,
    tone: Option<&'static str>,
    badge: Option<&'static str>,
}

impl Cell {
    /// A plain text; a dash for an empty one.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// In the letters of code.
    pub fn code(text: impl Into<String>) -> Self {
        Self { code: true, ..Self::text(text) }
    }

    /// A state: machine word and human word.
    pub fn badge((state, word): (&'static str, &'static str)) -> Self {
        Self { badge: Some(state), ..Self::text(word) }
    }

    /// The same as a link.
    #[must_use]
    pub fn linked(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// The same in the colour of bad news. The text says it, too.
    #[must_use]
    pub fn bad(self, bad: bool) -> Self {
        Self { tone: bad.then_some("bad").or(self.tone), ..self }
    }

    /// The same in the colour of what needs no attention.
    #[must_use]
    pub fn quiet(self, quiet: bool) -> Self {
        Self { tone: quiet.then_some("quiet").or(self.tone), ..self }
    }

    fn push(&self, html: &mut String, head: bool) {
        let (open, close) = if head { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
        html.push_str(open);
        html.push_str(&self.tone.map_or_else(|| ">".to_owned(), |tone| format!(" data-tone=\"{tone}\">")));
        let text = escaped(if self.text.is_empty() { NOTHING } else { &self.text });
        let text = if self.code { format!("<code>{text}</code>") } else { text };
        match (&self.href, self.badge) {
            (Some(href), _) => html.push_str(&format!("<a href=\"{}\">{text}</a>", escaped(href))),
            (None, Some(state)) => {
                html.push_str(&format!("<span class=\"badge\" data-state=\"{state}\">{text}</span>"));
            }
            (None, None) => html.push_str(&text),
        }
        html.push_str(close);
    }
}

/// A row as HTML. Its first cell is its head.
pub fn row(cells: impl IntoIterator<Item = Cell>) -> String {
    row_with("", cells)
}

/// The same with further attributes, each with a blank before it.
pub(super) fn row_with(attributes: &str, cells: impl IntoIterator<Item = Cell>) -> String {
    let mut html = format!("<tr{attributes}>");
    for (place, cell) in cells.into_iter().enumerate() {
        cell.push(&mut html, place == 0);
    }
    html.push_str("</tr>");
    html
}

/// A text between tags or in quotes.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table in a region of its own, which scrolls when the table is wider than the page, as HTML.
pub fn table_html<'a>(label: &str, heads: impl IntoIterator<Item = &'a str>, rows: &str, class: &str) -> String {
    let (label, heads) = (escaped(label), head_cells(heads));
    format!(
        "<div class=\"table-scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\">\
         <table class=\"{class}\"><thead><tr>{heads}</tr></thead><tbody data-part=\"rows\">{rows}</tbody></table></div>"
    )
}

/// The cells of a table's head.
pub(super) fn head_cells<'a>(heads: impl IntoIterator<Item = &'a str>) -> String {
    heads.into_iter().map(|head| format!("<th scope=\"col\">{}</th>", escaped(head))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_head_and_no_markup_of_others() {
        assert_eq!(
            row([Cell::text("<b>&"), Cell::text("12").bad(true), Cell::default()]),
            "<tr><th scope=\"row\">&lt;b&gt;&amp;</th><td data-tone=\"bad\">12</td><td>–</td></tr>"
        );
        assert_eq!(
            row([Cell::code("GET /").linked("/a?b=\"c\"&d"), Cell::badge(("error", "failed"))]),
            "<tr><th scope=\"row\"><a href=\"/a?b=&quot;c&quot;&amp;d\"><code>GET /</code></a></th><td><span class=\"badge\" data-state=\"error\">failed</span></td></tr>"
        );
    }
}
