//! The values of the options, found out on the caller's side before the arguments go.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned;

use crate::parse::argument::{self, Argument};
use crate::parse::function::Function;
use crate::parse::options::{Options, Timeout, mentions};
use crate::span::{at, local, runtime_path};

/// What the options say, found out before the arguments go.
///
/// ```text
/// // Input:
/// pool = self.pool, timeout = self.limit
/// // Output:
/// let __pool: &::unblock_runtime::Pool = &self.pool;
/// let __timeout: ::core::time::Duration = self.limit;
/// ```
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

/// A bindings into the patterns that bind what an option's expression uses.
///
/// ```text
/// // Input:
/// pool = state.pool, with the argument State(state): State<App>
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

/// Whether an option's expression may refer to an argument that moves into the job.
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
