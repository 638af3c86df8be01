//! The line that the documentation of an annotated function gets.

use proc_macro2::TokenStream;
use quote::quote;

use crate::parse::function::Function;
use crate::parse::options::{Options, Timeout};
use crate::parse::source;

/// Says where the function runs, below what its documentation says already.
///
/// A function without documentation gets none, so that the lints for missing documentation still
/// find it.
pub(crate) fn documentation(function: &Function, options: &Options) -> Option<TokenStream> {
    if !function.attrs.iter().any(|attr| attr.path().is_ident("doc")) {
        return None;
    }
    let pool = match &options.pool {
        Some(pool) => format!("the pool `{}`", source::text(pool)),
        None => "the global pool".to_owned(),
    };
    let timeout = match &options.timeout {
        Some(Timeout::Literal(timeout)) => format!(", for at most {timeout:?}"),
        Some(Timeout::Expr(timeout)) => format!(", for at most `{}`", source::text(timeout)),
        None => String::new(),
    };
    let place = if options.remote.is_some() { "Runs on" } else { "Runs on a thread of" };
    let line = format!(" {place} {pool}{timeout}.");
    Some(quote!(#[doc = ""] #[doc = #line]))
}
