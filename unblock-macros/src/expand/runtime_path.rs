//! The path to the runtime in generated code.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::parse::options::Options;
use crate::span::at;

/// Imports what the runtime has for generated code. A path that is wrong is reported here, once.
///
/// ```text
/// // Input:
/// crate = my_crate::unblock_runtime
/// // Output:
/// use my_crate::unblock_runtime::__private as __unblock;
/// ```
pub(crate) fn import(options: &Options) -> TokenStream {
    let alias = alias(Span::mixed_site());
    match &options.runtime {
        Some(path) => {
            let span =
                at(path.segments.last().map_or_else(Span::mixed_site, |last| last.ident.span()));
            let path = path.to_token_stream();
            quote_spanned!(span=> use #path::__private as #alias;)
        }
        None => quote_spanned! {Span::mixed_site()=>
            use ::unblock_runtime::__private as #alias;
        },
    }
}

/// Returns the imported name with the span of the code around it.
///
/// With one span for both, an error underlines the user's code and not the attribute, and the
/// compiler reports a mistake that violates several bounds only once.
pub(crate) fn alias(span: Span) -> Ident {
    Ident::new("__unblock", span)
}
