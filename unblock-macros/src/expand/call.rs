//! Part four of the expansion: submits the job, and turns its outcome into the return value.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Type};

use crate::duration;
use crate::expand::closure_result::COMMON_TYPES;
use crate::expand::runtime_path::alias;
use crate::parse::borrow;
use crate::parse::function::Function;
use crate::parse::options::{Options, Timeout};
use crate::span::{at, local};

/// Makes the static by which the runtime knows the function.
///
/// ```text
/// // Input:
/// name = "find"
/// // Output:
/// let __handler = {
///     static HANDLER: __unblock::Handler =
///         __unblock::Handler::named("find");
///     &HANDLER
/// };
/// ```
///
/// The static is in a block of its own, so that the user's body does not see it.
pub(crate) fn handler(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let the_static = handler_of(function, options);
    let handler = local("__handler");
    quote_spanned! {span=>
        let #handler = {
            #the_static
            &HANDLER
        };
    }
}

/// Writes that static alone.
pub(super) fn handler_of(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = alias(span);
    let constructor =
        options.name.as_ref().map_or_else(|| quote!(new()), |name| quote!(named(#name)));
    let concurrency = options.concurrency.as_ref().map(|most| {
        let span = at(most.span());
        quote_spanned!(span=> .concurrency(#most))
    });
    quote_spanned! {span=>
        static HANDLER: #runtime::Handler =
            #runtime::Handler::#constructor #concurrency;
    }
}

/// Submits the job with the options, and awaits its outcome.
///
/// ```text
/// // Input:
/// pool = self.pool, timeout = "2s", shed
/// // Output:
/// let __outcome = __unblock::Call::new(__handler)
///     .pool(__pool)
///     .timeout(::core::time::Duration::from_secs(2))
///     .shed()
///     .run(__job)
///     .await;
/// ```
pub(crate) fn call(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = alias(span);
    let pool = options.pool.as_ref().map(|_| {
        let variable = local("__pool");
        quote_spanned!(span=> .pool(#variable))
    });
    let settings = settings(options, span);
    let (handler, job, outcome) = (local("__handler"), local("__job"), local("__outcome"));
    quote_spanned! {span=>
        let #outcome = #runtime::Call::new(#handler)
            #pool #settings.run(#job).await;
    }
}

/// Writes the options of a call other than its pool.
pub(super) fn settings(options: &Options, span: Span) -> TokenStream {
    let timeout = options.timeout.as_ref().map(|timeout| {
        let timeout = match timeout {
            Timeout::Literal(timeout) => duration::to_tokens(*timeout),
            Timeout::Expr(_) => local("__timeout").into_token_stream(),
        };
        quote_spanned!(span=> .timeout(#timeout))
    });
    let shed = options.shed.then(|| quote_spanned!(span=> .shed()));
    let detach = options.detach.then(|| quote_spanned!(span=> .detach()));
    quote!(#timeout #shed #detach)
}

/// Converts the outcome into what the function returns.
///
/// With `error = to_fn` a failure becomes what that function makes of it:
///
/// ```text
/// // Input:
/// error = AppError::busy
/// // Output:
/// __unblock::failing_as(__outcome, AppError::busy)
/// ```
///
/// With `timeout`, `shed` or `remote`, which require a `Result`, a failure becomes its error:
///
/// ```text
/// // Input:
/// timeout = "2s"
/// // Output:
/// __unblock::fallible(__outcome)
/// ```
///
/// Without them, a panic of the body continues in the caller if the return type is no `Result`:
///
/// ```text
/// // Input:
/// -> String
/// // Output:
/// __unblock::infallible(__outcome)
/// ```
///
/// Any other type may be one, with an error that can hold a failure of the call or without, and
/// method resolution decides:
///
/// ```text
/// // Input:
/// pool = self.pool
/// // Output:
/// {
///     use __unblock::prelude::*;
///     (&__outcome).outcome_conversion().finish(__outcome)
/// }
/// ```
pub(crate) fn return_value(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = alias(span);
    let outcome = format_ident!("__outcome", span = span);
    if let Some(to_error) = &options.error {
        let span = at(to_error.span());
        let runtime = alias(span);
        let outcome = format_ident!("__outcome", span = span);
        return quote_spanned!(span=> #runtime::failing_as(#outcome, #to_error));
    }
    if options.can_fail() || options.remote.is_some() {
        return quote_spanned!(span=> #runtime::fallible(#outcome));
    }
    if is_no_result(function.output()) {
        let semicolon = matches!(function.output(), ReturnType::Default).then(|| quote!(;));
        return quote_spanned!(span=> #runtime::infallible(#outcome) #semicolon);
    }
    quote_spanned! {span=>
        {
            use #runtime::prelude::*;
            (&#outcome).outcome_conversion().finish(#outcome)
        }
    }
}

/// Returns true if the tokens of a return type tell that it is no `Result`.
pub(crate) fn is_no_result(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else { return true };
    match borrow::peel(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            COMMON_TYPES.iter().any(|name| *name != "Result" && last.ident == name)
        }),
        // The type of `impl Trait` may still be open.
        Type::ImplTrait(_)
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Reference(_)
        | Type::Never(_) => true,
        _ => false,
    }
}

/// Returns the span for errors about the result: its type, or the function's name if it has none.
pub(super) fn result_span(function: &Function) -> Span {
    match function.output() {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => function.sig.ident.span(),
    }
}
