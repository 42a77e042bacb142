//! The choice of two runs to compare: check boxes in the table, and a button below it. Without JavaScript the button sends
//! whatever is ticked, and the next page says what to do.

use leptos::html::Div;
use leptos::prelude::*;
use web_sys::{HtmlInputElement, MouseEvent};

use crate::ui::dom::elements;

/// The form that the check boxes and the button belong to. It stands beside the table, because the table holds other forms.
pub(super) const FORM: &str = "compare";

/// How many runs are ticked, and what follows from that.
fn label(ticked: Option<usize>) -> String {
    match ticked {
        None => "Compare the ticked runs".to_owned(),
        Some(0) => "Compare".to_owned(),
        Some(number) => format!("Compare {number}"),
    }
}

fn hint(ticked: Option<usize>) -> String {
    match ticked {
        None | Some(0) => "Tick two runs to compare them.".to_owned(),
        Some(1) => "Tick one more.".to_owned(),
        Some(2) => String::new(),
        Some(number) => format!("Untick {}: two runs can be compared.", number - 2),
    }
}

/// The ids of the runs that are ticked. For the browser only.
fn ticked_below(root: &web_sys::Element) -> Vec<String> {
    let boxes: Vec<HtmlInputElement> = elements(root.query_selector_all("input[name=\"run\"]:checked"));
    boxes.iter().map(HtmlInputElement::value).collect()
}

/// The button that compares, around the table with the check boxes.
#[island]
pub(super) fn CompareChoice(
    /// The address of this page without a chosen run, if there are other pages to choose the second run from.
    elsewhere: Option<String>,
    /// The table.
    children: Children,
) -> impl IntoView {
    // `None` until the script has read the boxes, which a browser may have restored.
    let ticked = RwSignal::new(None::<Vec<String>>);
    let root = NodeRef::<Div>::new();
    let read = move || {
        if let Some(root) = root.get_untracked() {
            ticked.set(Some(ticked_below(&root)));
        }
    };
    Effect::new(move |_| {
        if root.get().is_some() {
            read();
        }
    });
    let number = move || ticked.with(|ticked| ticked.as_ref().map(Vec::len));
    let not_two = move || number().is_some_and(|number| number != 2);
    let on_click = move |event: MouseEvent| {
        if not_two() {
            event.prevent_default();
        }
    };
    let keep = move || {
        let address = elsewhere.clone()?;
        let one = ticked.with(|ticked| match ticked.as_deref() {
            Some([one]) => Some(one.clone()),
            _ => None,
        })?;
        let sign = if address.contains('?') { '&' } else { '?' };
        Some(
            view! { <a href=format!("{address}{sign}a={one}")>"Keep it, and choose the other one on another page"</a> },
        )
    };
    view! {
        <div class="compare-choice" node_ref=root on:change=move |_| read()>
            {children()}
            <div class="compare-bar">
                <button
                    class="button"
                    type="submit"
                    form=FORM
                    aria-disabled=move || not_two().then_some("true")
                    aria-describedby="compare-hint"
                    on:click=on_click
                >
                    {move || label(number())}
                </button>
                <p id="compare-hint" class="help" role="status">
                    {move || hint(number())}
                </p>
                {keep}
            </div>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_says_what_is_ticked_and_what_to_do() {
        let rows = [
            (None, "Compare the ticked runs", "Tick two runs to compare them."),
            (Some(0), "Compare", "Tick two runs to compare them."),
            (Some(1), "Compare 1", "Tick one more."),
            (Some(2), "Compare 2", ""),
            (Some(4), "Compare 4", "Untick 2: two runs can be compared."),
        ];
        for (ticked, words, what_to_do) in rows {
            assert_eq!((label(ticked), hint(ticked)), (words.to_owned(), what_to_do.to_owned()));
        }
    }
}
