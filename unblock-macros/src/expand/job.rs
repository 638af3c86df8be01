//! Part three of the expansion: the user's body becomes a closure that owns all arguments.

use proc_macro2::{Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Pat, ReceiverKind, ReturnType, Token, Type};

use crate::expand::closure_result::closure_result;
use crate::expand::runtime_path::alias;
use crate::expand::{copy_of_self, labeled};
use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::span::at;

/// Turns the body into a closure.
///
/// The closure binds each argument, whether or not the body uses it, so that all of them are
/// dropped on the worker, in the order in which those of a function are.
///
/// ```text
/// // Input:
/// (self, image: &[u8], Path(n): Path<u64>, mut x: u8) -> Row { BODY }
/// // Output:
/// move || -> Row {
///     _ = &self;
///     let image = __unblock::Owned::get(&image);
///     let mut __arg1 = __arg1;
///     let Path(n) = __arg1;
///     let mut x = x;
///     '_unblock: { BODY }
/// }
/// ```
pub(crate) fn body_closure(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
    body: &Group,
    is_second_call: bool,
) -> TokenStream {
    let mut bindings = TokenStream::new();
    if let Some(receiver) = function.sig.receiver()
        && !is_second_call
    {
        let this = receiver.self_token;
        let span = at(this.span);
        bindings.extend(if argument::is_borrowed_receiver(receiver) {
            let (runtime, name) = (alias(span), copy_of_self::name(span));
            let mutability = match receiver.kind {
                ReceiverKind::Typed(..) => receiver.mutability,
                _ => None,
            };
            quote_spanned!(span=> let #mutability #name = #runtime::Owned::get(&#name);)
        } else {
            quote_spanned!(span=> _ = &#this;)
        });
    }
    for argument in arguments {
        let name = &argument.name;
        let span = at(name.span());
        let value = if argument.is_borrowed() && !is_second_call {
            let runtime = alias(span);
            quote_spanned!(span=> #runtime::Owned::get(&#name))
        } else {
            quote_spanned!(span=> #name)
        };
        bindings.extend(argument_binding(argument, &value, options));
    }
    let block = labeled(&bindings, body);
    let output = match function.output() {
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
    let span = at(function.sig.paren_token.span.join());
    closure_result(function, quote_spanned!(span=> move || #output #block))
}

/// Binds the variables that an argument gives the body.
///
/// ```text
/// // Input:
/// Path(n): Path<u64>
/// // Output:
/// let mut __arg1 = __arg1;
/// let Path(n) = __arg1;
/// ```
fn argument_binding(argument: &Argument, value: &TokenStream, options: &Options) -> TokenStream {
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
        // The pattern may have a `ref mut`.
        Some(pattern) => quote_spanned! {span=>
            #(#conditions)* #[allow(unused_mut)] let mut #name = #value;
            #(#conditions_and_lints)* #allow_unused let #pattern = #name;
        },
    }
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
