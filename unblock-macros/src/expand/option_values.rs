//! Part one of the expansion: evaluates the options, before the arguments move into the job.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::expand::runtime_path::runtime_path;
use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::parse::options::{Options, Timeout, mentions};
use crate::span::{at, local};

/// Evaluates the pool and the timeout at the call.
///
/// ```text
/// // Input:
/// pool = self.pool, timeout = self.limit
/// // Output:
/// let __pool: &::unblock_runtime::Pool = &self.pool;
/// let __timeout: ::core::time::Duration = self.limit;
/// ```
///
/// If the expression may borrow from an argument that moves into the job, a clone of the pool (a
/// handle) is kept instead of the reference.
pub(crate) fn option_values(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
) -> TokenStream {
    let mut option_values = TokenStream::new();
    if let Some(pool) = &options.pool {
        let span = at(pool.span());
        let runtime = runtime_path(span, options);
        let bindings = bind_patterns(pool, arguments);
        let variable = local("__pool");
        option_values.extend(if bindings.is_empty() {
            quote_spanned!(span=> let #variable: &#runtime::Pool = &#pool;)
        } else {
            quote_spanned!(span=> let #variable: &#runtime::Pool = { #bindings &#pool };)
        });
        if may_borrow_from_moved(pool, function, arguments) {
            option_values
                .extend(quote_spanned!(span=> let #variable = #runtime::Pool::clone(#variable);));
        }
    }
    if let Some(Timeout::Expr(timeout)) = &options.timeout {
        let span = at(timeout.span());
        let bindings = bind_patterns(timeout, arguments);
        let variable = local("__timeout");
        option_values.extend(if bindings.is_empty() {
            quote_spanned!(span=> let #variable: ::core::time::Duration = #timeout;)
        } else {
            quote_spanned!(span=> let #variable: ::core::time::Duration = { #bindings #timeout };)
        });
    }
    option_values
}

/// Binds the variables of patterns that an option's expression uses, by reference.
///
/// The generated function has plain names instead of patterns, so without these bindings the
/// expression would not see the variables.
///
/// ```text
/// // Input:
/// pool = state.pool, and the argument State(state): State<App>
/// // Output:
/// let State(state) = &__arg0;
/// ```
fn bind_patterns(option: &Expr, arguments: &[Argument]) -> TokenStream {
    let mut bindings = TokenStream::new();
    for argument in arguments {
        let Some(pattern) = argument.pattern_by_reference() else { continue };
        if argument.bindings().iter().any(|binding| mentions(option, binding)) {
            let name = &argument.name;
            let conditions = argument.attrs.iter().filter(|attr| argument::is_condition(attr));
            let reference = (!argument.is_borrowed()).then(|| quote!(&));
            bindings.extend(quote_spanned! {Span::mixed_site()=>
                #(#conditions)*
                #[allow(unused_variables, clippy::pattern_type_mismatch)]
                let #pattern = #reference #name;
            });
        }
    }
    bindings
}

/// Returns true if an option's expression may refer to an argument that moves into the job.
///
/// It may be a false alarm, as [`mentions`] goes by the name alone.
pub(crate) fn may_borrow_from_moved(
    option: &Expr,
    function: &Function,
    arguments: &[Argument],
) -> bool {
    let receiver = function.sig.receiver();
    let receiver_moves = receiver.is_some_and(|receiver| !argument::is_borrowed_receiver(receiver));
    (receiver_moves && mentions(option, "self"))
        || arguments
            .iter()
            .filter(|argument| !argument.is_borrowed())
            .any(|argument| argument.bindings().iter().any(|binding| mentions(option, binding)))
}
