//! Serves the files of the pages, and says how long a browser may cache them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use leptos::config::LeptosOptions;
use tower_http::services::ServeDir;

use super::assets::has_hash;

/// For files with a hash in their name, whose content never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For files that keep their name and seldom change.
const ONE_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");
/// For the files of a development build, which the browser has to revalidate each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The public files beside the package: browsers and robots request them by themselves.
const PUBLIC_FILES: [&str; 2] = ["/favicon.svg", "/robots.txt"];

/// The routes of the files that need no token. `not_found` answers where there is no file.
pub(super) fn public_files(options: &LeptosOptions, not_found: Router) -> Router {
    let folder = folder(options, not_found);
    let package = format!("/{}/{{*file}}", options.site_pkg_dir);
    let mut routes = Router::new().route_service(&package, folder.clone());
    for path in PUBLIC_FILES {
        routes = routes.route_service(path, folder.clone());
    }
    routes.layer(from_fn_with_state(package_of(options), add_caching))
}

/// Answers every path with the file of that name. `not_found` answers where there is no file.
pub(super) fn files(options: &LeptosOptions, not_found: Router) -> Router {
    let files = Router::new().fallback_service(folder(options, not_found));
    files.layer(from_fn_with_state(package_of(options), add_caching))
}

/// The folder of the files. Where a file was compressed at build time, it is sent compressed.
fn folder(options: &LeptosOptions, not_found: Router) -> ServeDir<Router> {
    ServeDir::new(options.site_root.as_ref())
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true)
        .fallback(not_found)
}

/// The path of the package, which holds the files that a page loads.
fn package_of(options: &LeptosOptions) -> Arc<str> {
    format!("/{}/", options.site_pkg_dir).into()
}

/// Adds the header that says how long a browser may cache the file.
async fn add_caching(State(package): State<Arc<str>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let caching = match path.rsplit('/').next() {
        Some(name) if has_hash(name) => IMMUTABLE,
        _ if path.starts_with(package.as_ref()) => REVALIDATE,
        _ => ONE_HOUR,
    };
    let mut response = next.run(request).await;
    // Any other response is the page that says that there is nothing.
    if [StatusCode::OK, StatusCode::PARTIAL_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status()) {
        response.headers_mut().insert(header::CACHE_CONTROL, caching);
    }
    response
}
