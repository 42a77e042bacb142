//! Form controls: native elements that are tied to signals, and complete without JavaScript.
//!
//! Browsers restore the controls of a reloaded page, and people use a page before its script runs. So when the script
//! starts, a control that shows something else than its markup says decides, and its signal takes its value. From then
//! on the control shows what the signal says.

use leptos::html;
use leptos::prelude::*;
use web_sys::{Element, HtmlInputElement};

use super::dom::{elements, find};

/// The value of a control: what it shows, and what happens when the user chooses another one.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    value: Signal<String>,
    choose: Callback<String>,
}

impl Choice {
    /// A control that shows `value` and calls `choose` with each value that the user chooses.
    pub fn new(value: impl Into<Signal<String>>, choose: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self { value: value.into(), choose: Callback::new(choose) }
    }

    /// What the control shows, tracked.
    pub fn get(self) -> String {
        self.value.get()
    }

    /// Chooses a value, as the user does.
    pub fn choose(self, value: String) {
        self.choose.run(value);
    }
}

impl From<RwSignal<String>> for Choice {
    fn from(value: RwSignal<String>) -> Self {
        Self::new(value, move |chosen| value.set(chosen))
    }
}

/// A control with its label above it, and below it a note or the reason why its value was refused.
#[component]
pub fn Field(
    /// The id of the control. The note has the id `{id}-note`, the reason `{id}-fault`.
    id: &'static str,
    /// The label.
    label: &'static str,
    /// A short note on the control.
    #[prop(optional)]
    note: &'static str,
    /// Why the value was refused, as a sentence; empty if it was not.
    #[prop(optional, into)]
    fault: Signal<String>,
    /// The control.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field" data-faulty=move || (!fault.read().is_empty()).to_string()>
            <label for=id>{label}</label>
            {children()}
            <span class="note" id=format!("{id}-note")>
                {note}
            </span>
            <FaultText id=format!("{id}-fault") fault />
        </div>
    }
    .into_any()
}

/// Why the value of a control was refused. Its element is always there, so that the control can be described by it.
#[component]
fn FaultText(id: String, fault: Signal<String>) -> impl IntoView {
    view! {
        <span class="fault" id=id role="alert" hidden=move || fault.read().is_empty()>
            {fault}
        </span>
    }
}

/// The ids of the elements that describe the control of a [`Field`], and those of further ones.
fn described_by(id: &str, more: &str) -> String {
    format!("{id}-note {id}-fault {more}").trim_end().to_owned()
}

/// A list to choose one value from. To be used inside a [`Field`] with the same id.
#[component]
pub fn Select(
    /// The id of the control.
    id: &'static str,
    /// Its name in the form.
    name: &'static str,
    /// The choices: the value in the form, and the label.
    #[prop(into)]
    choices: Signal<Vec<(String, String)>>,
    /// What is chosen: a signal, or a [`Choice`].
    #[prop(into)]
    value: Choice,
    /// The ids of further elements that describe the control.
    #[prop(optional)]
    described_by: &'static str,
    /// Was the value refused?
    #[prop(optional, into)]
    invalid: Signal<bool>,
) -> impl IntoView {
    let Choice { value, choose } = value;
    let node = NodeRef::<html::Select>::new();
    Effect::new(move |was_there: Option<bool>| {
        let wanted = value.get();
        choices.track();
        let Some(select) = node.get() else { return false };
        let by_markup = find::<Element>(&select, "option[selected]").and_then(|option| option.get_attribute("value"));
        let shown = select.value();
        if was_there != Some(true) && by_markup.is_some_and(|by_markup| by_markup != shown) {
            choose.run(shown);
        } else if shown != wanted {
            select.set_value(&wanted);
        }
        true
    });
    let options = move || {
        let chosen = value.get_untracked();
        let option = |(value, label): (String, String)| {
            let selected = value == chosen;
            view! {
                <option value=value selected=selected>
                    {label}
                </option>
            }
        };
        choices.get().into_iter().map(option).collect_view()
    };
    view! {
        <select
            id=id
            name=name
            node_ref=node
            aria-describedby=self::described_by(id, described_by)
            aria-invalid=move || invalid.get().then_some("true")
            on:change=move |event| choose.run(event_target_value(&event))
        >
            {options}
        </select>
    }
    .into_any()
}

/// A group of radio buttons.
#[component]
pub fn RadioGroup(
    /// The name of the value in the form.
    name: &'static str,
    /// What is chosen here.
    legend: &'static str,
    /// The choices: the value in the form, and the label.
    choices: Vec<(&'static str, &'static str)>,
    /// What is chosen: a signal, or a [`Choice`].
    #[prop(into)]
    value: Choice,
    /// The class of the group.
    #[prop(optional)]
    class: &'static str,
    /// The ids of elements that describe the group.
    #[prop(optional)]
    described_by: Option<&'static str>,
) -> impl IntoView {
    let Choice { value, choose } = value;
    let node = NodeRef::<html::Fieldset>::new();
    Effect::new(move |was_there: Option<bool>| {
        let wanted = value.get();
        let Some(group) = node.get() else { return false };
        let radios = elements::<HtmlInputElement>(group.query_selector_all("input"));
        let changed = radios.iter().find(|radio| radio.checked() && !radio.default_checked());
        if let Some(radio) = changed.filter(|_| was_there != Some(true)) {
            choose.run(radio.value());
        } else if let Some(radio) = radios.iter().find(|radio| radio.value() == wanted && !radio.checked()) {
            radio.set_checked(true);
        }
        true
    });
    let first = value.get_untracked();
    let radio = |(value, label): (&'static str, &'static str)| {
        let checked = value == first;
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name=name
                    value=value
                    checked=checked
                    on:change=move |_| choose.run(value.to_owned())
                />
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <fieldset class=format!("radios {class}") node_ref=node aria-describedby=described_by>
            <legend>{legend}</legend>
            {choices.into_iter().map(radio).collect_view()}
        </fieldset>
    }
    .into_any()
}

/// A box to tick. The form carries `true` when it is ticked, and nothing otherwise. Browsers don't tick it again when they
/// restore the page.
#[component]
pub fn Checkbox(
    /// The id of the control. The reason for a refusal has the id `{id}-fault`.
    id: &'static str,
    /// Its name in the form.
    name: &'static str,
    /// The label.
    label: &'static str,
    /// Is it ticked?
    checked: RwSignal<bool>,
    /// Why the form was refused because of it, as a sentence; empty if it was not.
    #[prop(optional, into)]
    fault: Signal<String>,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    Effect::new(move |was_there: Option<bool>| {
        let wanted = checked.get();
        let Some(input) = node.get() else { return false };
        if was_there != Some(true) && input.checked() != input.default_checked() {
            checked.set(input.checked());
        } else if input.checked() != wanted {
            input.set_checked(wanted);
        }
        true
    });
    let is_faulty = move || !fault.read().is_empty();
    let on_change = move |_| {
        if let Some(input) = node.get_untracked() {
            checked.set(input.checked());
        }
    };
    view! {
        <div class="check-field" data-faulty=move || is_faulty().to_string()>
            <label class="check">
                <input
                    id=id
                    type="checkbox"
                    autocomplete="off"
                    name=name
                    value="true"
                    checked=checked.get_untracked()
                    node_ref=node
                    aria-describedby=format!("{id}-fault")
                    aria-invalid=move || is_faulty().then_some("true")
                    on:change=on_change
                />
                <span>{label}</span>
            </label>
            <FaultText id=format!("{id}-fault") fault />
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The HTML without the marks between texts.
    fn html(view: impl Fn() -> AnyView) -> String {
        Owner::new().with(|| view().to_html()).replace("<!>", "")
    }

    fn fruits() -> Vec<(String, String)> {
        [("a", "Apple"), ("b\"<", "Banana")].map(|(value, label)| (value.to_owned(), label.to_owned())).to_vec()
    }

    #[test]
    fn a_select_is_labelled_described_and_shows_its_value_without_a_script() {
        let html = html(|| {
            let value = RwSignal::new("b\"<".to_owned());
            view! {
                <Field id="fruit" label="Fruit" note="(fresh)" fault=Signal::stored("Is sold out.".to_owned())>
                    <Select
                        id="fruit"
                        name="form[fruit]"
                        choices=Signal::stored(fruits())
                        value
                        described_by="help"
                        invalid=Signal::stored(true)
                    />
                </Field>
            }
            .into_any()
        });
        for part in [
            "<label for=\"fruit\">Fruit</label>",
            "id=\"fruit\" name=\"form[fruit]\"",
            "aria-describedby=\"fruit-note fruit-fault help\"",
            "aria-invalid=\"true\"",
            "<option value=\"a\">Apple</option>",
            "<option value=\"b&quot;&lt;\" selected>Banana</option>",
            "data-faulty=\"true\"",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(!html.contains("hidden"), "the reason is shown: {html}");
    }

    #[test]
    fn one_radio_button_is_checked_and_the_group_has_a_name() {
        let html = html(|| {
            let value = RwSignal::new("b".to_owned());
            let choices = vec![("a", "Apple"), ("b", "Banana")];
            view! { <RadioGroup name="form[fruit]" legend="Fruit" choices value described_by="help" /> }.into_any()
        });
        for part in
            ["aria-describedby=\"help\"", "<legend>Fruit</legend>", "value=\"b\" checked", "<span>Banana</span>"]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert_eq!((html.matches(" checked").count(), html.matches("name=\"form[fruit]\"").count()), (1, 2), "{html}");
    }

    #[test]
    fn a_box_that_is_not_ticked_says_so_only_when_it_was_refused() {
        let of = |ticked: bool, fault: &'static str| {
            html(move || {
                let checked = RwSignal::new(ticked);
                let fault = Signal::stored(fault.to_owned());
                view! { <Checkbox id="agree" name="form[agree]" label="I agree" checked fault /> }.into_any()
            })
        };
        let calm = of(false, "");
        assert!(!calm.contains(" checked") && !calm.contains("aria-invalid") && calm.contains(" hidden"), "{calm}");
        let refused = of(false, "Tick it first.");
        assert!(refused.contains("aria-invalid=\"true\"") && refused.contains("Tick it first."), "{refused}");
        assert!(of(true, "").contains("value=\"true\" checked"));
    }
}
