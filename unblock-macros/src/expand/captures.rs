//! Part two of the expansion: gives the job values of its own for all arguments.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::expand::rename_self;
use crate::expand::runtime_path::runtime_path;
use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::span::at;

/// Copies borrowed arguments and moves the others into variables that the job's closure captures.
///
/// ```text
/// // Input:
/// &self, image: &[u8], n: u8
/// // Output:
/// let __self = ::unblock_runtime::__private::own(self);
/// let image = ::unblock_runtime::__private::own(image);
/// let n = ::unblock_runtime::__private::moved(n);
/// ```
///
/// `own` and `moved` require of each argument that it can go to another thread. Each call has the
/// span of its argument's name, so that the compiler shows a violation at that argument. The call
/// and its argument need the same hygiene; otherwise the compiler shows the attribute instead.
pub(crate) fn captures(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
) -> TokenStream {
    let mut captures = TokenStream::new();
    if let Some(receiver) = function.sig.receiver() {
        let token = &receiver.self_token;
        let this = rename_self::ident(at(token.span));
        let call = if argument::is_borrowed_receiver(receiver) {
            own(token.span, token, options)
        } else {
            moved(token.span, token, options)
        };
        captures.extend(quote_spanned!(at(token.span)=> let #this = #call;));
    }
    for argument in arguments {
        let Argument { attrs, name, .. } = argument;
        let conditions = attrs.iter().filter(|attr| argument::is_condition(attr));
        let call = if argument.is_borrowed() {
            own(name.span(), name, options)
        } else {
            moved(name.span(), name, options)
        };
        captures.extend(quote_spanned!(at(name.span())=> #(#conditions)* let #name = #call;));
    }
    captures
}

/// Copies an argument that the caller only lends.
///
/// ```text
/// // Input:
/// image
/// // Output:
/// ::unblock_runtime::__private::own(image)
/// ```
fn own(span: Span, argument: impl ToTokens, options: &Options) -> TokenStream {
    let runtime = runtime_path(span, options);
    quote_spanned!(span=> #runtime::__private::own(#argument))
}

/// Moves an argument that the caller gives away.
///
/// ```text
/// // Input:
/// n
/// // Output:
/// ::unblock_runtime::__private::moved(n)
/// ```
fn moved(span: Span, argument: impl ToTokens, options: &Options) -> TokenStream {
    let runtime = runtime_path(span, options);
    quote_spanned!(span=> #runtime::__private::moved(#argument))
}
