//! Closures of one type. Every closure is a type of its own, and what shows its value is compiled
//! once for each type; these are compiled once, which makes the page a good deal smaller.

use leptos::prelude::*;

/// A text that changes.
pub fn text(read: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(read)
}

/// A switch that changes.
pub fn flag(read: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(read)
}

/// A part of a page that is made anew when what it is made of changes.
pub fn live(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    of_one_type(Box::new(view))
}

fn of_one_type(view: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || view()).into_any()
}

/// A part of a page that has to be waited for, within a `Suspense` or `Transition`.
pub fn later(view: impl Future<Output = AnyView> + Send + 'static) -> AnyView {
    Suspend::new(view).into_any()
}
