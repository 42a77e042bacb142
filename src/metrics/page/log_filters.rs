//! The filters of the request log: a form that is sent by GET. With a script, each change acts at once.

use leptos::prelude::*;
use web_sys::SubmitEvent;

use super::log_feed::LogFeed;
use crate::metrics::log_form::LogForm;
use crate::metrics::log_model::{LogChoices, NamedRun, StatusClass};
use crate::metrics::model::{Origins, QueryOutcome, Range};
use crate::ui::field::{Choice, Field, Select};
use crate::ui::format::utc;
use crate::ui::http_status::status_words;

/// The statuses that the filter offers beside the groups: those by which the users API answers.
const STATUSES: [u16; 17] = [200, 201, 400, 403, 404, 405, 409, 410, 415, 422, 429, 499, 500, 502, 503, 504, 507];

/// Values for a form with their labels.
type Choices = Vec<(String, String)>;

fn ranges() -> Choices {
    Range::ALL.map(|range| (range.wire_name().to_owned(), format!("Last {}", range.title()))).to_vec()
}

fn sources(runs: &[NamedRun]) -> Choices {
    let groups = [(Origins::All, "All"), (Origins::Real, "Real clients"), (Origins::Simulated, "All runs")];
    let groups = groups.map(|(origin, title)| (origin.to_string(), title.to_owned()));
    let run = |named: &NamedRun| (named.run.to_string(), format!("{}, {}", named.name, utc(named.started)));
    groups.into_iter().chain(runs.iter().map(run)).collect()
}

fn endpoints(endpoints: &[String]) -> Choices {
    let all = (String::new(), "All".to_owned());
    std::iter::once(all).chain(endpoints.iter().map(|endpoint| (endpoint.clone(), endpoint.clone()))).collect()
}

fn statuses() -> Choices {
    let titles = ["Below 400", "Errors (400 and above)", "Client errors (4xx)", "Server errors (5xx)"];
    let classes = StatusClass::ALL.into_iter().zip(titles);
    let classes = classes.map(|(class, title)| (class.wire_name().to_owned(), title.to_owned()));
    let exact = STATUSES.map(|status| (status.to_string(), format!("{status} {}", status_words(status))));
    std::iter::once((String::new(), "All".to_owned())).chain(classes).chain(exact).collect()
}

fn orders() -> Choices {
    [("newest", "Newest first"), ("slowest", "Slowest first")]
        .map(|(name, title)| (name.to_owned(), title.to_owned()))
        .to_vec()
}

/// Adds what is chosen, by a link or by hand, to what is offered.
fn with_chosen(mut offered: Choices, chosen: &str) -> Choices {
    if !chosen.is_empty() && !offered.iter().any(|(value, _)| value == chosen) {
        let label =
            if chosen.parse::<crate::origin::RunId>().is_ok() { format!("Run {chosen}") } else { chosen.to_owned() };
        offered.push((chosen.to_owned(), label));
    }
    offered
}

/// One field of the form.
#[derive(Clone, Copy)]
struct FilterField {
    feed: LogFeed,
    /// The name in the form and in the address.
    name: &'static str,
    /// What the field holds when nothing is chosen.
    default: &'static str,
    of: fn(&mut LogForm) -> &mut Option<String>,
}

impl FilterField {
    fn value(self) -> Signal<String> {
        Signal::derive(move || {
            let value = self.feed.form.with(|form| (self.of)(&mut form.clone()).clone());
            value.unwrap_or_else(|| self.default.to_owned())
        })
    }

    /// Why the server refused the value, as a sentence; empty if it did not.
    fn fault(self, label: &'static str) -> Signal<String> {
        Signal::derive(move || {
            self.feed.answer.with(|answer| match answer {
                Ok(QueryOutcome::Refused(faults)) => {
                    let fault = faults.iter().find(|fault| fault.field == self.name);
                    fault.map(|fault| format!("{label} {}.", fault.detail)).unwrap_or_default()
                }
                _ => String::new(),
            })
        })
    }

    fn write(self, text: String) -> impl FnOnce(&mut LogForm) {
        move |form| *(self.of)(form) = Some(text).filter(|text| !text.is_empty())
    }
}

/// A field with a list of choices.
#[component]
fn Chosen(id: &'static str, label: &'static str, field: FilterField, offered: Choices) -> impl IntoView {
    let value = field.value();
    let fault = field.fault(label);
    // A memo, because an open list must not be made again when another of its values is chosen.
    let choices = Memo::new(move |_| with_chosen(offered.clone(), &value.get()));
    let choice = Choice::new(value, move |text| field.feed.choose(field.write(text)));
    view! {
        <Field id label fault>
            <Select id name=field.name choices value=choice invalid=Signal::derive(move || !fault.read().is_empty()) />
        </Field>
    }
    .into_any()
}

/// A field to type into.
#[component]
fn Typed(
    id: &'static str,
    label: &'static str,
    /// The keyboard that a phone offers.
    inputmode: &'static str,
    field: FilterField,
) -> impl IntoView {
    let value = field.value();
    let fault = field.fault(label);
    view! {
        <Field id label fault>
            <input
                id=id
                name=field.name
                type="text"
                inputmode=inputmode
                autocomplete="off"
                spellcheck="false"
                maxlength="100"
                value=value.get_untracked()
                prop:value=value
                aria-describedby=format!("{id}-note {id}-fault")
                aria-invalid=move || (!fault.read().is_empty()).then_some("true")
                on:input=move |event| field.feed.type_in(field.write(event_target_value(&event)))
            />
        </Field>
    }
    .into_any()
}

/// The form.
#[component]
pub fn LogFilters(
    /// The state of the log.
    feed: LogFeed,
    /// What the filters offer.
    choices: LogChoices,
) -> impl IntoView {
    let field = |name, default, of| FilterField { feed, name, default, of };
    let is_alive = RwSignal::new(false);
    Effect::new(move |_| is_alive.set(true));
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        feed.choose(|_| {});
    };
    let range = field("range", Range::default().wire_name(), |form| &mut form.range);
    let origin = field("origin", "all", |form| &mut form.origin);
    let endpoint = field("endpoint", "", |form| &mut form.endpoint);
    let status = field("status", "", |form| &mut form.status);
    let min_duration = field("minDuration", "", |form| &mut form.min_duration);
    let order = field("order", "newest", |form| &mut form.order);
    let id = field("id", "", |form| &mut form.id);
    view! {
        <form class="log-filters" method="get" action="/requests" on:submit=on_submit>
            <Chosen id="log-range" label="Period" field=range offered=ranges() />
            <Chosen id="log-origin" label="Source" field=origin offered=sources(&choices.runs) />
            <Chosen id="log-endpoint" label="Endpoint" field=endpoint offered=endpoints(&choices.endpoints) />
            <Chosen id="log-status" label="Status" field=status offered=statuses() />
            <Typed id="log-duration" label="Min duration (ms)" inputmode="decimal" field=min_duration />
            <Chosen id="log-order" label="Order" field=order offered=orders() />
            <Typed id="log-id" label="Request id" inputmode="text" field=id />
            // Its place stays, so that nothing moves when the script starts.
            <div class="log-apply">
                <button class="button" type="submit" hidden=is_alive>
                    "Apply"
                </button>
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppError;
    use crate::validation::FieldError;

    const RUN: &str = "019b76da-a800-7000-8000-000000000000";

    fn html(form: LogForm, answer: Result<QueryOutcome<crate::metrics::log_model::LogPage>, AppError>) -> String {
        let named = NamedRun { run: RUN.parse().expect("an id"), name: "Peak Usage".to_owned(), started: 0 };
        let choices = LogChoices { endpoints: vec!["GET /x".to_owned()], runs: vec![named] };
        Owner::new().with(|| {
            let feed = LogFeed::new(form, answer);
            view! { <LogFilters feed choices /> }.to_html().replace("<!>", "")
        })
    }

    #[test]
    fn the_form_shows_the_filter_and_is_sent_without_a_script() {
        let form = LogForm {
            origin: Some(RUN.to_owned()),
            endpoint: Some("PUT /\"<".to_owned()),
            status: Some("418".to_owned()),
            min_duration: Some("12.5".to_owned()),
            ..LogForm::default()
        };
        let text = html(form, Ok(QueryOutcome::Found(Default::default())));
        for part in [
            "method=\"get\" action=\"/requests\"",
            "<option value=\"5m\" selected>Last 5 min</option>",
            &format!("<option value=\"{RUN}\" selected>Peak Usage, 1970-01-01 00:00 UTC</option>"),
            "<option value=\"GET /x\">GET /x</option>",
            "<option value=\"PUT /&quot;&lt;\" selected>PUT /\"&lt;</option>",
            "<option value=\"418\" selected>418</option>",
            "<option value=\"503\">503 Service Unavailable</option>",
            "value=\"12.5\"",
            "<button type=\"submit\" class=\"button\">Apply</button>",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn a_refused_form_comes_back_with_its_input_and_the_reason() {
        let form = LogForm { min_duration: Some("long".to_owned()), id: Some("17".to_owned()), ..LogForm::default() };
        let fault = |field: &str, detail: &str| FieldError { field: field.to_owned(), detail: detail.to_owned() };
        let faults = vec![fault("minDuration", "is not a number"), fault("id", "is no id of a request")];
        let text = html(form, Ok(QueryOutcome::Refused(faults)));
        for part in [
            "value=\"long\"",
            "Min duration (ms) is not a number.",
            "value=\"17\"",
            "Request id is no id of a request.",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert_eq!(text.matches("aria-invalid=\"true\"").count(), 2, "{text}");
    }
}
