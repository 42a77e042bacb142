//! An async function around a service. The same as axum's `middleware::from_fn`, for a third of its boxes: that one
//! boxes its own future, the rest of the stack, and the future of that, for every request.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::Response;
use tower::Service;

/// What is around: a function of what it knows, the request, and the service below.
pub struct Around<S, K, F> {
    /// Shared, because a router copies all that is around a route for every request, and a copy of a route is a box.
    below: Arc<S>,
    known: Arc<K>,
    function: F,
}

impl<S, K, F> Around<S, K, F> {
    /// Puts `function`, which knows `known`, around the service.
    pub fn new(below: S, known: Arc<K>, function: F) -> Self {
        Self { below: Arc::new(below), known, function }
    }
}

impl<S, K, F: Clone> Clone for Around<S, K, F> {
    fn clone(&self) -> Self {
        Self { below: Arc::clone(&self.below), known: Arc::clone(&self.known), function: self.function.clone() }
    }
}

impl<R, S, K, F, A> Service<R> for Around<S, K, F>
where
    S: Service<R>,
    F: Fn(Arc<K>, R, Arc<S>) -> A,
    A: Future<Output = Response> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The routers below are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let answer = (self.function)(Arc::clone(&self.known), request, Arc::clone(&self.below));
        Box::pin(async move { Ok(answer.await) })
    }
}

/// Asks the service below, which never fails but by its answer.
pub async fn ask<R, S>(below: Arc<S>, request: R) -> Response
where
    S: Service<R, Response = Response, Error = Infallible> + Clone,
{
    match S::clone(&below).call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
