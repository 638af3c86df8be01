//! The services that the server can call, tower's and hyper's.

use http::{Request, Response};
use hyper_util::service::TowerToHyperService;

use super::body::Body;
use crate::server::error::BoxError;

/// A service that [`Server::serve`](crate::server::Server::serve) accepts: one of tower, as an axum
/// `Router` is, or one of hyper. It responds to `Request<Body>` and can be cloned; each loop and
/// each connection gets a clone.
///
/// `Kind` tells the two apart and is inferred. It matters only for a type that is both.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service that this server can call",
    label = "neither a tower nor a hyper `Service<Request<server::Body>>` with `Clone`",
    note = "an axum `Router` fits once its state is given by `with_state`"
)]
pub trait IntoService<Kind> {
    /// The body of a response.
    type ResponseBody: http_body::Body<Error: Into<BoxError>> + 'static;
    /// The service as hyper calls it.
    type Service: hyper::service::Service<
            Request<Body>,
            Response = Response<Self::ResponseBody>,
            Error: Into<BoxError>,
            Future: 'static,
        > + Clone
        + 'static;

    /// Converts to the service as hyper calls it.
    fn into_service(self) -> Self::Service;
}

/// The kind of tower's services. See [`IntoService`].
#[derive(Debug)]
pub enum Tower {}

/// The kind of hyper's services. See [`IntoService`].
#[derive(Debug)]
pub enum Hyper {}

impl<S, B> IntoService<Tower> for S
where
    S: tower_service::Service<
            Request<Body>,
            Response = Response<B>,
            Error: Into<BoxError>,
            Future: 'static,
        > + Clone
        + 'static,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    type ResponseBody = B;
    type Service = TowerToHyperService<S>;

    fn into_service(self) -> Self::Service {
        TowerToHyperService::new(self)
    }
}

impl<S, B> IntoService<Hyper> for S
where
    S: hyper::service::Service<
            Request<Body>,
            Response = Response<B>,
            Error: Into<BoxError>,
            Future: 'static,
        > + Clone
        + 'static,
    B: http_body::Body<Error: Into<BoxError>> + 'static,
{
    type ResponseBody = B;
    type Service = S;

    fn into_service(self) -> Self::Service {
        self
    }
}
