//! Everything that is wrong with one use of the attribute.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Collects mistakes, so that the user hears of all of them at once.
#[derive(Default)]
pub(crate) struct Errors {
    first: Option<syn::Error>,
}

impl Errors {
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.first {
            Some(first) => first.combine(error),
            None => self.first = Some(error),
        }
    }

    /// A mistake that is one token, or starts at one.
    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add(syn::Error::new(span, message));
    }

    /// A mistake that is a whole piece of code, underlined from its first token to its last.
    pub(crate) fn on(&mut self, code: impl ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(code, message));
    }

    /// One `compile_error!` per mistake.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.first.map(syn::Error::into_compile_error).unwrap_or_default()
    }
}
