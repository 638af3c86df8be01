//! Spans of generated code: where errors in it are shown, and which names it can see.
//!
//! Generated code has the hygiene of `Span::mixed_site()`: variables that it declares are invisible
//! to the user's code, and the other way around.

use proc_macro2::{Ident, Span};

/// Returns a span for generated code whose errors are shown at `span`, which is in the user's code.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Returns the name of a variable that the user's code cannot see.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
