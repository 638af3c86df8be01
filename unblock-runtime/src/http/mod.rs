//! What a failed call means in HTTP: the one place outside of the server that knows of it.

#[cfg(feature = "axum")]
mod axum;
pub(crate) mod status;
