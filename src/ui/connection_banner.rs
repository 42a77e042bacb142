//! The banner at the very top of a page that gets no data any more.

use leptos::prelude::*;
use web_sys::js_sys::Date;

use super::format::{duration, time_of_day};
use super::notice::WayOut;
use crate::error::AppError;

/// What the banner says to a screen reader, once: what has happened, and of when the numbers are. `since` is the time of
/// the last data in epoch milliseconds.
fn alert_text(fault: Option<&AppError>, since: Option<i64>) -> String {
    let what = fault.unwrap_or(&AppError::Unreachable).what();
    match since {
        Some(since) => format!("{what} Last numbers of {}.", time_of_day(since, true)),
        None => what.to_owned(),
    }
}

/// What to do beside waiting; empty when the page's own retries are all that there is to do, or a link says it.
fn advice(fault: Option<&AppError>) -> String {
    let Some(fault) = fault.filter(|fault| **fault != AppError::Unreachable) else { return String::new() };
    let remedy = fault.remedy();
    let is_a_link = fault.way_out("").is_some_and(|(words, _)| remedy.strip_suffix('.') == Some(words));
    if is_a_link { String::new() } else { remedy }
}

/// Can only the user end this fault? Then the banner does not wait for a silence.
fn needs_the_user(fault: &AppError) -> bool {
    fault.way_out("").is_some()
}

/// Says for how long there was no data, and offers to try again, or the link that solves the problem. It lies over the
/// head of the page, so that nothing moves when it comes and goes.
#[component]
pub fn ConnectionBanner(
    /// The whole seconds without data, once these are too many.
    quiet_for: Signal<Option<u32>>,
    /// Why the last call failed, if it did.
    fault: Signal<Option<AppError>>,
    /// Tries again at once.
    retry: Callback<()>,
) -> impl IntoView {
    let since = RwSignal::new(None::<i64>);
    Effect::new(move |_| match quiet_for.get() {
        None => since.set(None),
        Some(seconds) if since.read_untracked().is_none() => {
            since.set(Some(Date::now() as i64 - i64::from(seconds) * 1000));
        }
        Some(_) => {}
    });
    let is_shown = Memo::new(move |_| quiet_for.read().is_some() || fault.read().as_ref().is_some_and(needs_the_user));
    // The time of the last data is known a moment after the silence; a screen reader should hear one sentence, not two.
    let is_complete = move || is_shown.get() && quiet_for.read().is_some() == since.read().is_some();
    let alert = Memo::new(move |_| match is_complete() {
        true => alert_text(fault.read().as_ref(), since.get()),
        false => String::new(),
    });
    let counted = move || quiet_for.get().map(|seconds| format!("No data for {}. ", duration(seconds)));
    // Only the kind of the fault decides, so that a link that has the focus stays while request ids change.
    let solvable = Memo::new(move |_| fault.get().filter(needs_the_user));
    view! {
        <div class="connection-banner" hidden=move || !is_shown.get()>
            <p>
                <strong>{counted}</strong>
                <span role="alert">{alert}</span>
                " "
                {move || advice(fault.read().as_ref())}
            </p>
            {move || solvable.get().map(|error| view! { <WayOut error /> })}
            <button class="button" type="button" on:click=move |_| retry.run(())>
                "Retry now"
            </button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_says_what_has_happened_and_since_when() {
        let at = Some(53_112_000);
        assert_eq!(alert_text(None, at), "The server can't be reached. Last numbers of 14:45:12 UTC.");
        let failed = AppError::Internal(Some("017f".to_owned()));
        assert_eq!(alert_text(Some(&failed), at), "The server could not answer. Last numbers of 14:45:12 UTC.");
        assert!(advice(Some(&failed)).contains("request id 017f"), "what changes is not read out");
        assert!(advice(Some(&AppError::Forbidden)).contains("its log names one"));
        for said_elsewhere in [AppError::Unreachable, AppError::LoggedOut, AppError::Unreadable] {
            assert_eq!(advice(Some(&said_elsewhere)), "", "{said_elsewhere:?}");
        }
    }

    #[test]
    fn what_only_the_user_can_end_is_said_at_once() {
        let all = [
            (AppError::LoggedOut, true),
            (AppError::Forbidden, true),
            (AppError::Unreadable, true),
            (AppError::NotFound, true),
            (AppError::Internal(None), false),
            (AppError::Unavailable, false),
            (AppError::Unreachable, false),
        ];
        for (fault, at_once) in all {
            assert_eq!(needs_the_user(&fault), at_once, "{fault:?}");
        }
        assert_eq!(alert_text(Some(&AppError::LoggedOut), None), "You are not logged in any more.");
    }
}
