//! Errors of calls in HTTP. The rest of the core knows nothing of it.

#[cfg(feature = "axum")]
mod axum;
#[cfg(any(feature = "axum", feature = "server"))]
pub(crate) mod line;
pub(crate) mod status;
