//! A moment in UTC, with the viewer's own time beside it.

use leptos::prelude::*;
use web_sys::Element;
use web_sys::js_sys::Date;
use web_sys::wasm_bindgen::JsValue;

use super::dom::elements;
use super::format::{iso, time_of_day, utc, utc_exact};

/// The day in UTC: `2026-11-23`.
pub fn date(epoch_millis: i64) -> String {
    let mut text = utc(epoch_millis);
    text.truncate(text.find(' ').unwrap_or_default());
    text
}

/// The time of day in UTC to the millisecond: `14:36:05.123`.
pub fn time_with_millis(epoch_millis: i64) -> String {
    let mut text = time_of_day(epoch_millis, true);
    text.truncate(text.find(' ').unwrap_or_default());
    format!("{text}.{:03}", epoch_millis.rem_euclid(1000))
}

/// The time of day as in [`time_with_millis`], with the day before it where that is not the day of `now`.
pub fn time_as_of(epoch_millis: i64, now: i64) -> String {
    let time = time_with_millis(epoch_millis);
    if date(epoch_millis) == date(now) { time } else { format!("{} {time}", date(epoch_millis)) }
}

/// A moment. Once the script lives, its title has the viewer's own time.
#[component]
pub fn Moment(
    /// The moment in epoch milliseconds.
    #[prop(into)]
    at: Signal<i64>,
    /// The moment in words, in UTC. Without it the day and the time to the second, without the name of the zone: the
    /// heading above says that.
    #[prop(optional)]
    text: Option<String>,
) -> impl IntoView {
    let own = RwSignal::new(None);
    Effect::new(move |_| own.set(Some(own_time(at.get()))));
    let words = move || text.clone().unwrap_or_else(|| utc_exact(at.get()).trim_end_matches(" UTC").to_owned());
    view! {
        <time datetime=move || iso(at.get()) title=own>
            {words}
        </time>
    }
}

/// Gives each moment on the page the viewer's own time as its title, also those that stand in no island. Called once, in
/// the browser only.
pub fn add_own_times() {
    for moment in elements::<Element>(document().query_selector_all("time[datetime]")) {
        if let Some(datetime) = moment.get_attribute("datetime") {
            let own: String = Date::new(&JsValue::from_str(&datetime)).to_string().into();
            // Without a title the moment is still there in UTC.
            let _ = moment.set_attribute("title", &own);
        }
    }
}

/// Epoch milliseconds in the time zone of the viewer, which the text names. Called in the browser only.
fn own_time(epoch_millis: i64) -> String {
    Date::new(&JsValue::from_f64(epoch_millis as f64)).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_795_444_565_123;

    #[test]
    fn a_moment_is_read_by_machines_and_by_people() {
        assert_eq!([time_with_millis(0), time_with_millis(-1)], ["00:00:00.000", "23:59:59.999"]);
        assert_eq!(time_as_of(AT, AT + 3_600_000), "14:36:05.123");
        assert_eq!(time_as_of(AT, AT + 86_400_000), "2026-11-23 14:36:05.123");
        let html =
            Owner::new().with(|| view! { <Moment at=AT text="14:36".to_owned() /> }.to_html().replace("<!>", ""));
        assert_eq!(html, "<time datetime=\"2026-11-23T14:36:05Z\">14:36</time>");
    }
}
