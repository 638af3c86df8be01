//! Part one of the expansion: evaluates the options, before the arguments move into the job.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Expr;
use syn::spanned::Spanned;

use crate::expand::runtime_path::alias;
use crate::parse::argument::{self, Argument};
use crate::parse::options::{Options, Timeout, mentions};
use crate::span::{at, local};

/// Evaluates the pool and the timeout at the call.
///
/// ```text
/// // Input:
/// pool = self.pool, timeout = self.limit
/// // Output:
/// let __pool = {
///     let __pool = &self.pool;
///     let __pool: &__unblock::Pool = __pool;
///     __unblock::Pool::clone(__pool)
/// };
/// let __timeout: ::core::time::Duration = { self.limit };
/// ```
///
/// With `remote` the type of the pool says where the function runs:
///
/// ```text
/// // Input:
/// remote, pool = CRUNCH
/// // Output:
/// let __pool = { __unblock::remote::target(&CRUNCH) };
/// ```
///
/// What the expression borrows or locks is given back at once: the call keeps a handle of its own.
pub(crate) fn option_values(arguments: &[Argument], options: &Options) -> TokenStream {
    let mut option_values = TokenStream::new();
    if let Some(pool) = &options.pool {
        let span = at(pool.span());
        let runtime = alias(span);
        let bindings = bind_patterns(pool, arguments);
        let variable = Ident::new("__pool", span);
        let handle = if options.remote.is_some() {
            quote_spanned!(span=> #runtime::remote::target(&#pool))
        } else {
            quote_spanned! {span=>
                let #variable = &#pool;
                let #variable: &#runtime::Pool = #variable;
                #runtime::Pool::clone(#variable)
            }
        };
        option_values.extend(quote_spanned! {span=>
            let #variable = {
                #bindings
                #handle
            };
        });
    }
    if let Some(Timeout::Expr(timeout)) = &options.timeout {
        let span = at(timeout.span());
        let bindings = bind_patterns(timeout, arguments);
        let variable = local("__timeout");
        option_values.extend(quote_spanned! {span=>
            let #variable: ::core::time::Duration = { #bindings #timeout };
        });
    }
    option_values
}

/// Binds the variables of patterns that an option's expression uses: by value if they are `Copy`,
/// else by reference, because the job needs the argument.
///
/// The generated function has plain names instead of patterns, so without these bindings the
/// expression would not see the variables.
///
/// ```text
/// // Input:
/// timeout = limit, and the argument Query(limit): Query<Duration>
/// // Output:
/// let Query(ref limit) = __arg0;
/// let limit = (&__unblock::Variable(limit)).variable_value();
/// ```
fn bind_patterns(option: &Expr, arguments: &[Argument]) -> TokenStream {
    let mut bindings = TokenStream::new();
    for argument in arguments {
        let Some(pattern) = argument.pattern_by_reference() else { continue };
        let used: Vec<_> =
            argument.bindings().into_iter().filter(|name| mentions(option, name)).collect();
        if used.is_empty() {
            continue;
        }
        let span = Span::mixed_site();
        let runtime = alias(span);
        let name = &argument.name;
        let conditions: Vec<_> =
            argument.attrs.iter().filter(|attr| argument::is_condition(attr)).collect();
        bindings.extend(quote_spanned! {span=>
            #(#conditions)* use #runtime::prelude::*;
            #(#conditions)*
            #[allow(unused_variables, clippy::pattern_type_mismatch)]
            let #pattern = #name;
        });
        for name in used {
            bindings.extend(quote_spanned! {span=>
                #(#conditions)*
                let #name = (&#runtime::Variable(#name)).variable_value();
            });
        }
    }
    bindings
}
