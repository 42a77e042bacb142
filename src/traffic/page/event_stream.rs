//! A browser's `EventSource`, with callbacks that live as long as it does.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

/// The events of a run's stream. None is called `error`, because that name belongs to the browser.
const EVENTS: [&str; 2] = ["stats", "done"];

/// An open stream of server-sent events. Dropping it closes the stream and frees its callbacks.
pub(super) struct EventStream {
    source: EventSource,
    on_event: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl EventStream {
    pub(super) fn open(
        url: &str,
        on_event: impl FnMut(MessageEvent) + 'static,
        on_error: impl FnMut(Event) + 'static,
    ) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let on_event = Closure::<dyn FnMut(MessageEvent)>::new(on_event);
        let on_error = Closure::<dyn FnMut(Event)>::new(on_error);
        for name in EVENTS {
            source.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref()).ok()?;
        }
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { source, on_event, _on_error: on_error })
    }

    /// Has the browser given up? It will not reconnect by itself then.
    pub(super) fn is_closed(&self) -> bool {
        self.source.ready_state() == EventSource::CLOSED
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.set_onerror(None);
        for name in EVENTS {
            // It fails only if there is no such listener, which is just as well.
            self.source.remove_event_listener_with_callback(name, self.on_event.as_ref().unchecked_ref()).ok();
        }
        self.source.close();
    }
}
