//! The path to the runtime in generated code.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::parse::options::Options;

/// Returns the path to the runtime with the span of the code around it.
///
/// With one span for both, an error underlines the user's code and not the attribute, and the
/// compiler reports a mistake that violates several bounds only once.
///
/// ```text
/// // Input:
/// crate = my_crate::unblock_runtime
/// // Output:
/// my_crate::unblock_runtime
/// ```
pub(crate) fn runtime_path(span: Span, options: &Options) -> TokenStream {
    let Some(path) = &options.runtime else {
        return quote_spanned!(span=> ::unblock_runtime);
    };
    // `located_at` keeps the hygiene of each token: a `$crate` in the user's path still refers to
    // the crate in which it was written.
    path.to_token_stream()
        .into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
}
