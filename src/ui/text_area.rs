//! A field for several lines of text.

use leptos::prelude::*;

/// A `<textarea>` with a text in it.
#[component]
pub fn TextArea(
    /// The name of the field in its form.
    name: &'static str,
    /// The text that is in it at first.
    value: String,
    /// The most characters.
    longest: usize,
    /// Was the text refused?
    invalid: bool,
) -> impl IntoView {
    view! {
        <textarea
            name=name
            rows="3"
            maxlength=longest.to_string()
            aria-invalid=invalid.then_some("true")
            prop:value=value.clone()
        >
            {content(&value)}
        </textarea>
    }
}

/// The text as the content of the element. On the server Leptos escapes every text but this one: tachys 0.2 writes the
/// children of a `<textarea>` as they are, so that a text could end the element and go on as markup.
fn content(text: &str) -> String {
    // An empty text would be rendered as a space.
    if text.is_empty() { String::new() } else { text.to_owned().to_html() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_text() {
        let html = Owner::new().with(|| {
            view! { <TextArea name="note" value="</textarea><b>&lt;".to_owned() longest=9 invalid=false /> }.to_html()
        });
        assert!(html.contains(">&lt;/textarea&gt;&lt;b&gt;&amp;lt;</textarea>"), "{html}");
    }
}
