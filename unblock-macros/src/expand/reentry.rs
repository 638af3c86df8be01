//! How the body of a method gets a `self` that is a copy: the job calls the method again, with the
//! copy, and that call runs the body.
//!
//! Only a parameter of a method can be named `self`, and an item inside the method sees neither
//! `Self` nor its type parameters. An item beside the method could not be in the implementation of
//! a trait, and the macro does not see whether it is in one.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};
use syn::GenericParam;

use crate::expand::runtime_path::alias;
use crate::expand::{Context, copy_of_self};
use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::span::{at, local};

/// Returns what runs the body in the second call, and the job, which makes that call.
///
/// ```text
/// // Input:
/// fn find(&self, id: i64, name: &str) -> Row { BODY }
/// // Output:
/// let __reentry = __unblock::Reentry::new(__handler);
/// if __reentry.is_here() {
///     let __body = move || -> Row { let id = id; let name = name; '_unblock: { BODY } };
///     return __reentry.leave(__body()).await;
/// }
///
/// move || {
///     __reentry.enter(
///         Self::find,
///         (
///             __unblock::Owned::get(&copy_of_self),
///             id,
///             __unblock::Owned::get(&name),
///         ),
///     )
/// }
/// ```
pub(crate) fn reentry(
    function: &Function,
    arguments: &[Argument],
    context: &Context,
    body: &TokenStream,
) -> (TokenStream, TokenStream) {
    let sig = &function.sig;
    let span = at(sig.ident.span());
    let runtime = alias(span);
    let (reentry, handler) = (local("__reentry"), local("__handler"));
    let run = quote_spanned! {span=>
        let #reentry = #runtime::Reentry::new(#handler);
        if #reentry.is_here() {
            let __body = #body;
            return #reentry.leave(__body()).await;
        }
    };

    let mut values = TokenStream::new();
    for argument in arguments {
        let name = &argument.name;
        let conditions = argument.attrs.iter().filter(|attr| argument::is_condition(attr));
        values.extend(if argument.is_borrowed() {
            quote_spanned!(span=> #(#conditions)* #runtime::Owned::get(&#name),)
        } else {
            quote_spanned!(span=> #(#conditions)* #name,)
        });
    }
    let this = copy_of_self::name(span);
    let qualified_self =
        context.qualified_self.clone().unwrap_or_else(|| quote_spanned!(span=> Self));
    let mut name = sig.ident.clone();
    name.set_span(span);
    let generics: Vec<_> = sig
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Lifetime(_) => None,
            GenericParam::Type(parameter) => Some(parameter.ident.to_token_stream()),
            GenericParam::Const(parameter) => Some(parameter.ident.to_token_stream()),
        })
        .collect();
    let generics = (!generics.is_empty()).then(|| quote_spanned!(span=> ::<#(#generics),*>));
    let job = quote_spanned! {span=>
        move || {
            #reentry.enter(
                #qualified_self::#name #generics,
                (#runtime::Owned::get(&#this), #values),
            )
        }
    };
    (run, job)
}
