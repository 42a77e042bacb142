//! A button that starts something that takes a while.

use leptos::prelude::*;
use web_sys::MouseEvent;

/// A button. While it is busy it says so, keeps its width and its focus, and ignores presses.
#[component]
pub fn Button(
    /// The label.
    label: &'static str,
    /// The label while it is busy, such as `Starting…`.
    busy_label: &'static str,
    /// Is what it starts under way?
    #[prop(into)]
    busy: Signal<bool>,
    /// Looks as if it could not be pressed, and still can be, so that it may say why it does nothing.
    #[prop(optional, into)]
    dimmed: Signal<bool>,
    /// Further classes.
    #[prop(optional)]
    class: &'static str,
    /// The id of the element that describes it.
    #[prop(optional)]
    described_by: Option<&'static str>,
    /// What a press does. Without it, a press submits the form around the button.
    #[prop(optional)]
    on_press: Option<Callback<()>>,
) -> impl IntoView {
    // A listener of the button itself: translators wrap its label in elements of their own.
    let on_click = move |event: MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    let kind = if on_press.is_some() { "button" } else { "submit" };
    view! {
        <button
            class=format!("button {class}")
            type=kind
            aria-disabled=move || (busy.get() || dimmed.get()).to_string()
            aria-describedby=described_by
            on:click=on_click
        >
            // The style sheet reserves the width of the longer label.
            <span class="button-label" data-label=label data-busy-label=busy_label>
                {move || if busy.get() { busy_label } else { label }}
            </span>
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(busy: bool, dimmed: bool) -> String {
        let owner = Owner::new();
        owner.with(|| {
            let (busy, dimmed) = (Signal::stored(busy), Signal::stored(dimmed));
            view! { <Button label="START" busy_label="Starting…" busy dimmed class="primary" described_by="help" /> }
                .into_any()
                .to_html()
        })
    }

    #[test]
    fn a_busy_button_says_so_and_stays_focusable() {
        for (busy, dimmed, disabled, label) in
            [(false, false, "false", ">START<"), (false, true, "true", ">START<"), (true, false, "true", ">Starting…<")]
        {
            let html = html(busy, dimmed);
            assert!(html.contains(&format!("aria-disabled=\"{disabled}\"")) && html.contains(label), "{html}");
            assert!(html.contains("type=\"submit\"") && html.contains("class=\"button primary\""), "{html}");
            assert!(html.contains("aria-describedby=\"help\"") && !html.contains(" disabled"), "{html}");
        }
    }
}
