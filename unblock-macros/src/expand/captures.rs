//! Each argument is handed over to the job.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use crate::expand::receiver;
use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::span::{at, runtime_path};

/// What the job gets: a copy of what the caller lends, and what the caller gives.
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
/// Each call says by itself that its argument may go to another thread, and takes its place from the argument's name, so
/// that an error is about that argument. The places of a call and of its argument have to agree in hygiene, or the compiler shows the
/// attribute instead.
pub(crate) fn captures(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
) -> TokenStream {
    let mut captures = TokenStream::new();
    if let Some(receiver) = function.sig.receiver() {
        let token = &receiver.self_token;
        let this = receiver::ident(at(token.span));
        let call = capture(argument::is_borrowed_receiver(receiver), token.span, token, options);
        captures.extend(quote_spanned!(at(token.span)=> let #this = #call;));
    }
    for argument in arguments {
        let Argument { attrs, name, .. } = argument;
        let conditions = attrs.iter().filter(|attr| argument::is_condition(attr));
        let call = capture(argument.is_borrowed(), name.span(), name, options);
        captures.extend(quote_spanned!(at(name.span())=> #(#conditions)* let #name = #call;));
    }
    captures
}

fn capture(
    is_borrowed: bool,
    span: Span,
    argument: impl ToTokens,
    options: &Options,
) -> TokenStream {
    let runtime = runtime_path(span, options);
    if is_borrowed {
        quote_spanned!(span=> #runtime::__private::own(#argument))
    } else {
        quote_spanned!(span=> #runtime::__private::moved(#argument))
    }
}
