//! The errors of one use of the attribute.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Collects errors, so that the user sees all of them at once.
#[derive(Default)]
pub(crate) struct Errors {
    combined: Option<syn::Error>,
}

impl Errors {
    pub(crate) fn is_empty(&self) -> bool {
        self.combined.is_none()
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.combined {
            Some(combined) => combined.combine(error),
            None => self.combined = Some(error),
        }
    }

    /// Adds an error that underlines one span.
    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add(syn::Error::new(span, message));
    }

    /// Adds an error that underlines `code` from its first token to its last.
    pub(crate) fn on(&mut self, code: impl ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(code, message));
    }

    /// Returns one `compile_error!` per error.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.combined.map(syn::Error::into_compile_error).unwrap_or_default()
    }
}
