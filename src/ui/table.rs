//! Tables of data, rendered as HTML text: hundreds of rows are cheaper to hydrate as one text than as thousands of nodes.

use std::borrow::Cow;

/// The text of an empty cell.
pub(super) const NOTHING: &str = "–";

/// One cell of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableCell<'a> {
    text: Cow<'a, str>,
    href: Option<Cow<'a, str>>,
    code: bool,
    tone: Option<&'static str>,
    badge: Option<&'static str>,
}

impl<'a> TableCell<'a> {
    /// A plain text; a dash for an empty one.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A text in a monospaced font.
    pub fn code(text: impl Into<Cow<'a, str>>) -> Self {
        Self { code: true, ..Self::text(text) }
    }

    /// A state as a badge: its name in the style sheet and its label.
    pub fn badge((state, word): (&'static str, &'static str)) -> Self {
        Self { badge: Some(state), ..Self::text(word) }
    }

    /// Makes the text a link.
    #[must_use]
    pub fn linked(self, href: impl Into<Cow<'a, str>>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// Colours the text as bad news. The text must say so too.
    #[must_use]
    pub fn bad(self, bad: bool) -> Self {
        Self { tone: bad.then_some("bad").or(self.tone), ..self }
    }

    /// Dims a text that needs no attention.
    #[must_use]
    pub fn quiet(self, quiet: bool) -> Self {
        Self { tone: quiet.then_some("quiet").or(self.tone), ..self }
    }

    fn push(&self, html: &mut String, head: bool) {
        html.push_str(if head { "<th scope=\"row\"" } else { "<td" });
        if let Some(tone) = self.tone {
            html.extend([" data-tone=\"", tone, "\""]);
        }
        html.push('>');
        let end = match (&self.href, self.badge) {
            (Some(href), _) => {
                html.extend(["<a href=\"", &escaped(href), "\">"]);
                "</a>"
            }
            (None, Some(state)) => {
                html.extend(["<span class=\"badge\" data-state=\"", state, "\">"]);
                "</span>"
            }
            (None, None) => "",
        };
        let text = escaped(if self.text.is_empty() { NOTHING } else { &self.text });
        let (code, code_end) = if self.code { ("<code>", "</code>") } else { ("", "") };
        html.extend([code, &text, code_end, end, if head { "</th>" } else { "</td>" }]);
    }
}

/// A row as HTML. Its first cell is the row header.
pub fn row<'a>(cells: impl IntoIterator<Item = TableCell<'a>>) -> String {
    row_with("", cells)
}

/// [`row`] with further attributes on the `<tr>`, each preceded by a space.
pub(super) fn row_with<'a>(attributes: &str, cells: impl IntoIterator<Item = TableCell<'a>>) -> String {
    let mut html = format!("<tr{attributes}>");
    for (index, cell) in cells.into_iter().enumerate() {
        cell.push(&mut html, index == 0);
    }
    html.push_str("</tr>");
    html
}

/// Escapes a text for use between tags or in a quoted attribute. Most texts need no escaping and are not copied.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").into()
}

/// A boolean attribute with a space before it, or nothing.
pub(crate) fn attribute(set: bool, name: &'static str) -> String {
    if set { format!(" {name}") } else { String::new() }
}

/// A table as HTML, in a region that scrolls when the table is wider than the page.
pub fn table_html<'a>(label: &str, heads: impl IntoIterator<Item = &'a str>, rows: &str, class: &str) -> String {
    let label = escaped(label);
    let heads = head_cells(heads);
    format!(
        "<div class=\"table-scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\">\
         <table class=\"{class}\"><thead><tr>{heads}</tr></thead><tbody data-part=\"rows\">{rows}</tbody></table></div>"
    )
}

/// The header cells of a table.
pub(super) fn head_cells<'a>(heads: impl IntoIterator<Item = &'a str>) -> String {
    heads.into_iter().map(|head| format!("<th scope=\"col\">{}</th>", escaped(head))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_head_and_no_markup_of_others() {
        assert_eq!(
            row([TableCell::text("<b>&"), TableCell::text("12").bad(true), TableCell::default()]),
            "<tr><th scope=\"row\">&lt;b&gt;&amp;</th><td data-tone=\"bad\">12</td><td>–</td></tr>"
        );
        assert_eq!(
            row([TableCell::code("GET /").linked("/a?b=\"c\"&d"), TableCell::badge(("error", "failed"))]),
            "<tr><th scope=\"row\"><a href=\"/a?b=&quot;c&quot;&amp;d\"><code>GET /</code></a></th><td><span class=\"badge\" data-state=\"error\">failed</span></td></tr>"
        );
    }
}
