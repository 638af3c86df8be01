//! Part three of the expansion: the user's body becomes a job, a closure that borrows nothing.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Pat, Receiver, ReceiverKind, ReturnType, Token, Type};

use crate::expand::rename_self;
use crate::parse::argument::{self, Argument};
use crate::parse::function::{Body, Function};
use crate::parse::options::Options;
use crate::span::{at, local};

/// Turns the body into a closure that owns all arguments.
///
/// The closure binds each argument, whether or not the body uses it, so that all of them are
/// dropped on the worker.
///
/// ```text
/// // Input:
/// (&self, image: &[u8], Path(n): Path<u64>, mut x: u8) -> Row { BODY }
/// // Output:
/// let __job = move || -> Row {
///     let __self = __self.get();
///     let image = image.get();
///     let __arg1 = __arg1;
///     let Path(n) = __arg1;
///     let mut x = x;
///     { BODY }
/// };
/// ```
///
/// Also returns the inner attributes of the body (`#![allow(…)]`) as outer ones for the function,
/// because a nested block may not have inner attributes.
pub(crate) fn job(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
) -> (Vec<TokenStream>, TokenStream) {
    let mut bindings = TokenStream::new();
    if let Some(receiver) = function.sig.receiver() {
        bindings.extend(receiver_binding(receiver));
    }
    bindings.extend(arguments.iter().map(|argument| argument_binding(argument, options)));

    let Body::Braces(braces) = &function.body else { return (Vec::new(), TokenStream::new()) };
    let (inner_attrs, body) = split_inner_attributes(braces.stream());
    let body = if function.sig.receiver().is_some() { rename_self::rename(body) } else { body };
    let mut block = Group::new(Delimiter::Brace, body);
    // The block is shown at the user's braces but has the hygiene of generated code; with the
    // user's own span the compiler would warn about unnecessary braces.
    block.set_span(at(braces.span()));
    let block = if bindings.is_empty() {
        block.into_token_stream()
    } else {
        quote_spanned!(Span::mixed_site()=> { #bindings #block })
    };

    let output = match &function.sig.output {
        ReturnType::Default => {
            let span = at(function.sig.ident.span());
            quote_spanned!(span=> -> ())
        }
        ReturnType::Type(arrow, ty) => {
            let mut ty = ty.clone();
            InferOpaque.visit_type_mut(&mut ty);
            quote!(#arrow #ty)
        }
    };
    let job = local("__job");
    (
        inner_attrs,
        quote_spanned!(at(function.sig.paren_token.span.join())=> let #job = move || #output #block;),
    )
}

/// Binds `__self`, the variable that stands for `self` in the body.
///
/// ```text
/// // Input:
/// &self
/// // Output:
/// let __self = __self.get();
/// ```
fn receiver_binding(receiver: &Receiver) -> TokenStream {
    let token = &receiver.self_token;
    let this = rename_self::ident(token.span);
    let outside = rename_self::ident(at(token.span));
    let span = at(token.span);
    if argument::is_borrowed_receiver(receiver) {
        let mutability = match receiver.kind {
            ReceiverKind::Typed(..) => receiver.mutability,
            _ => None,
        };
        quote_spanned!(span=> let #mutability #this = #outside.get();)
    } else {
        let mutability = receiver.mutability;
        quote_spanned!(span=> let #mutability #this = #outside;)
    }
}

/// Binds the variables that an argument gives the body.
///
/// ```text
/// // Input:
/// image: &[u8]
/// // Output:
/// let image = image.get();
///
/// // Input:
/// Path(n): Path<u64>
/// // Output:
/// let __arg1 = __arg1;
/// let Path(n) = __arg1;
/// ```
fn argument_binding(argument: &Argument, options: &Options) -> TokenStream {
    let Argument { attrs, name, variable, mutability, pattern, .. } = argument;
    let span = Span::mixed_site();
    let conditions: Vec<_> = attrs.iter().filter(|attr| argument::is_condition(attr)).collect();
    let conditions_and_lints: Vec<_> = attrs
        .iter()
        .filter(|attr| argument::is_condition(attr) || argument::is_lint(attr))
        .collect();
    // A variable that only an option uses, as in `pool = state.pool`, is unused in the body.
    let in_option = argument.bindings().iter().any(|binding| options.mentions(binding));
    let allow_unused = in_option.then(|| quote_spanned!(span=> #[allow(unused_variables)]));
    let value = if argument.is_borrowed() {
        quote_spanned!(span=> #name.get())
    } else {
        quote_spanned!(span=> #name)
    };
    match pattern {
        None => {
            // A variable such as `_guard` is bound only to be dropped on the worker.
            let underscored =
                variable.as_ref().is_some_and(|variable| variable.to_string().starts_with('_'));
            let allow_underscore = underscored
                .then(|| quote_spanned!(span=> #[allow(clippy::no_effect_underscore_binding)]));
            quote_spanned! {span=>
                #(#conditions_and_lints)* #allow_unused #allow_underscore
                let #mutability #variable = #value;
            }
        }
        Some(Pat::Wild(_)) => quote_spanned!(span=> #(#conditions)* let #name = #value;),
        Some(pattern) => quote_spanned! {span=>
            #(#conditions)* let #name = #value;
            #(#conditions_and_lints)* #allow_unused let #pattern = #name;
        },
    }
}

/// Splits the inner attributes off a body, and makes them outer ones.
///
/// ```text
/// // Input:
/// #![allow(unused)] BODY
/// // Output:
/// #[allow(unused)]   and   BODY
/// ```
fn split_inner_attributes(body: TokenStream) -> (Vec<TokenStream>, TokenStream) {
    let body: Vec<TokenTree> = body.into_iter().collect();
    let mut attrs = Vec::new();
    let mut rest = body.as_slice();
    while let [TokenTree::Punct(pound), TokenTree::Punct(bang), TokenTree::Group(attr), after @ ..] =
        rest
        && pound.as_char() == '#'
        && bang.as_char() == '!'
        && attr.delimiter() == Delimiter::Bracket
    {
        attrs.push(quote!(#pound #attr));
        rest = after;
    }
    (attrs, rest.iter().cloned().collect())
}

/// Replaces `impl Trait` by `_`, because a closure's return type may not name it.
///
/// ```text
/// // Input:
/// Result<impl Iterator<Item = u8>, Error>
/// // Output:
/// Result<_, Error>
/// ```
struct InferOpaque;

impl VisitMut for InferOpaque {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(opaque) = ty {
            let underscore_token = Token![_](opaque.impl_token.span);
            *ty = Type::Infer(syn::TypeInfer { attrs: Vec::new(), underscore_token });
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}
