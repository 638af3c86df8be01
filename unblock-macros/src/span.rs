//! Where generated code says that it is: errors are shown there.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::parse::options::Options;

/// Generated code that errors show at a place of the user's; its names stay apart from the user's.
pub(crate) fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// The path to the runtime, shown at the same place as the code around it: an error then underlines that place and not the
/// attribute, and one mistake that breaks several rules at one place is reported once.
pub(crate) fn runtime_path(span: Span, options: &Options) -> TokenStream {
    let Some(path) = &options.runtime else {
        return quote_spanned!(span=> ::unblock_runtime);
    };
    // A `$crate` in the user's path means what it means where it was written.
    relocated(path.to_token_stream(), |span| span.located_at(span))
}

fn relocated(tokens: TokenStream, relocate: impl Fn(Span) -> Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(relocate(token.span()));
            token
        })
        .collect()
}

/// The name of a variable that the user's code cannot see.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
