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
    /// Opens a stream. `on_event` gets the data of each event. `on_error` is called when the stream is refused or cut; the
    /// browser may try to open it again by itself then, until it is dropped.
    pub(super) fn open(url: &str, on_event: impl Fn(String) + 'static, on_error: impl Fn() + 'static) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let on_event = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // Data of another kind than text can't be read, which is the same as a text that makes no sense.
            on_event(event.data().as_string().unwrap_or_default());
        });
        let on_error = Closure::<dyn FnMut(Event)>::new(move |_| on_error());
        for name in EVENTS {
            source.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref()).ok()?;
        }
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self { source, on_event, _on_error: on_error })
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
