//! Locks that all tabs of a browser share. Called in the browser only.

use leptos::prelude::window;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::{Array, Function, Object, Promise, Reflect};
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::wasm_bindgen::{JsCast, JsValue};

/// A lock that this tab holds. Dropping it, or closing the tab, frees it for another one.
pub struct WebLock {
    /// Resolves the promise until which the browser holds the lock.
    release: Function,
}

impl Drop for WebLock {
    fn drop(&mut self) {
        // Resolving a promise does not fail.
        self.release.call0(&JsValue::UNDEFINED).ok();
    }
}

/// Takes the first of these locks that nobody holds, without waiting. `None` if all are held, or if the browser has no
/// locks, as on a plain HTTP address other than the computer's own.
pub async fn take_free_lock(names: &[&str]) -> Option<WebLock> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    for name in names {
        if let Some(lock) = take(&locks, &request, name).await {
            return Some(lock);
        }
    }
    None
}

/// The `Reflect` calls stand in for `web_sys::LockManager`, which only exists in builds with unstable interfaces.
async fn take(locks: &JsValue, request: &Function, name: &str) -> Option<WebLock> {
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into()).ok()?;
    let mut release = None;
    let held = Promise::new(&mut |resolve, _| release = Some(resolve));
    let mut tell = None;
    let told = Promise::new(&mut |resolve, _| tell = Some(resolve));
    let (release, tell) = (release?, tell?);
    // The browser calls it with the lock, or with null, and holds the lock until the returned promise is resolved.
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let is_granted = !lock.is_null();
        tell.call1(&JsValue::UNDEFINED, &is_granted.into()).ok();
        if is_granted { held.into() } else { JsValue::UNDEFINED }
    });
    let requested = request.call3(locks, &JsValue::from_str(name), &options, &granted).ok()?;
    // A page that may not use locks is not called back; its request is rejected.
    let first = Promise::race(&Array::of2(&told, &requested));
    let is_granted = JsFuture::from(first).await.ok()?.is_truthy();
    is_granted.then_some(WebLock { release })
}
