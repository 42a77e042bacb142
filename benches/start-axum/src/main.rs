//! The starter's server. The comparison does not build it.

use axum::Router;
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use start_axum::app::{App, shell};

#[tokio::main]
async fn main() {
    let conf = get_configuration(None).expect("a configuration");
    let (address, leptos_options) = (conf.leptos_options.site_addr, conf.leptos_options);
    let routes = generate_route_list(App);
    let app = Router::new()
        .leptos_routes(&leptos_options, routes, {
            let leptos_options = leptos_options.clone();
            move || shell(leptos_options.clone())
        })
        .fallback(leptos_axum::file_and_error_handler(shell))
        .with_state(leptos_options);
    let listener = tokio::net::TcpListener::bind(&address).await.expect("a port");
    axum::serve(listener, app.into_make_service()).await.expect("served");
}
