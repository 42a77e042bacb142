//! What happens to a tab as a whole. Called in the browser only.

use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;
use web_sys::{Event, PageTransitionEvent};

/// Calls back when the page returns, after it may have missed something: its tab was hidden, the browser was offline, or
/// "Back" took the page out of the browser's cache. Listens as long as the current owner lives.
pub fn on_return(callback: impl Fn() + Clone + 'static) {
    for name in ["visibilitychange", "online"] {
        let callback = callback.clone();
        listen(name, move |_| {
            if !document().hidden() {
                callback();
            }
        });
    }
    listen("pageshow", move |event| {
        // The event comes also after a page was loaded, which is no return.
        if event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted) {
            callback();
        }
    });
}

/// Calls back when the user leaves the page, which may then stay in the browser's cache. Listens as long as the current
/// owner lives.
pub fn on_leave(callback: impl Fn() + 'static) {
    listen("pagehide", move |_| callback());
}

/// Tells the page's loader of a panic. The program stops after it, in the middle of what it was doing.
pub fn tell_of_panic() {
    if let Ok(event) = Event::new("program-panic") {
        // Its result says whether a listener has stopped the event, and none does.
        window().dispatch_event(&event).ok();
    }
}

fn listen(name: &str, callback: impl Fn(Event) + 'static) {
    let listener = window_event_listener_untyped(name, callback);
    on_cleanup(move || listener.remove());
}
