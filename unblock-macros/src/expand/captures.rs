//! Part two of the expansion: the job gets values of its own for all arguments.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use crate::expand::copy_of_self;
use crate::expand::runtime_path::alias;
use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::span::at;

/// Copies borrowed arguments, and checks the others, which the job's closure captures.
///
/// ```text
/// // Input:
/// &self, image: &[u8], n: u8
/// // Output:
/// let copy_of_self = __unblock::copy_for_the_job(self);
/// let image = __unblock::copy_for_the_job(image);
/// __unblock::goes_to_the_pool(&n);
/// ```
///
/// Both functions require of each argument that it can go to another thread. Each call has the span
/// of its argument's name, so that the compiler shows a violation at that argument. The call and
/// its argument need the same hygiene; otherwise the compiler shows the attribute instead.
pub(crate) fn captures(function: &Function, arguments: &[Argument]) -> TokenStream {
    let mut captures = TokenStream::new();
    if let Some(receiver) = function.sig.receiver() {
        let this = receiver.self_token;
        let runtime = alias(this.span);
        captures.extend(if argument::is_borrowed_receiver(receiver) {
            let copy = copy_of_self::name(this.span);
            let call = quote_spanned!(this.span=> #runtime::copy_for_the_job(#this));
            quote_spanned!(at(this.span)=> let #copy = #call;)
        } else {
            quote_spanned!(this.span=> #runtime::goes_to_the_pool(&#this);)
        });
    }
    for argument in arguments {
        let Argument { attrs, name, .. } = argument;
        let span = name.span();
        let runtime = alias(span);
        let conditions = attrs.iter().filter(|attr| argument::is_condition(attr));
        captures.extend(if argument.is_borrowed() {
            quote_spanned! {span=>
                #(#conditions)* let #name = #runtime::copy_for_the_job(#name);
            }
        } else {
            quote_spanned! {span=>
                #(#conditions)* #runtime::goes_to_the_pool(&#name);
            }
        });
    }
    captures
}
