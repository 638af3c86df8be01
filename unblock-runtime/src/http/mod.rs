//! Errors of calls in HTTP. The rest of the core knows nothing of it.

#[cfg(feature = "axum")]
mod axum;
pub(crate) mod status;
