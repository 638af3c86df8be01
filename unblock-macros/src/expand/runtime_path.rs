//! The path to the runtime in generated code.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use crate::expand::manifest;
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
    if let Some(path) = &options.runtime {
        let last = path.segments.last().map_or_else(Span::mixed_site, |last| last.ident.span());
        return quote_spanned!(at(last)=> use #path::__private as #alias;);
    }
    let runtime = Ident::new(manifest::runtime_name(), Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> use ::#runtime::__private as #alias;)
}

/// Returns the imported name with the span of the code around it.
///
/// With one span for both, an error underlines the user's code and not the attribute, and the
/// compiler reports a mistake that violates several bounds only once.
pub(crate) fn alias(span: Span) -> Ident {
    Ident::new("__unblock", span)
}
