//! Part four of the expansion: submits the job, and turns its outcome into the return value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ReturnType;
use syn::spanned::Spanned;

use crate::duration;
use crate::expand::option_values::may_borrow_from_moved;
use crate::expand::runtime_path::runtime_path;
use crate::parse::argument::Argument;
use crate::parse::function::Function;
use crate::parse::options::{Options, Timeout};
use crate::span::{at, local};

/// Submits the job with the options, and awaits its outcome.
///
/// ```text
/// // Input:
/// pool = self.pool, timeout = "2s", shed
/// // Output:
/// let __outcome = {
///     static HANDLER: ::unblock_runtime::__private::Handler =
///         ::unblock_runtime::__private::Handler::new();
///     ::unblock_runtime::__private::Call::new(&HANDLER)
///         .pool(__pool)
///         .timeout(::core::time::Duration::from_secs(2))
///         .shed()
///         .run(__job)
///         .await
/// };
/// ```
///
/// The static is in a block of its own, so that the user's body does not see it.
pub(crate) fn call(function: &Function, arguments: &[Argument], options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = runtime_path(span, options);
    let constructor =
        options.name.as_ref().map_or_else(|| quote!(new()), |name| quote!(named(#name)));
    let concurrency = options.concurrency.as_ref().map(|most| {
        let span = at(most.span());
        quote_spanned!(span=> .concurrency(#most))
    });
    let handler = quote_spanned!(span=> #runtime::__private::Handler::#constructor #concurrency);
    let pool = options.pool.as_ref().map(|pool| {
        let variable = local("__pool");
        let is_clone = may_borrow_from_moved(pool, function, arguments);
        let reference = is_clone.then(|| quote!(&));
        quote_spanned!(span=> .pool(#reference #variable))
    });
    let timeout = options.timeout.as_ref().map(|timeout| {
        let timeout = match timeout {
            Timeout::Literal(timeout) => duration::to_tokens(*timeout),
            Timeout::Expr(_) => local("__timeout").into_token_stream(),
        };
        quote_spanned!(span=> .timeout(#timeout))
    });
    let shed = options.shed.then(|| quote_spanned!(span=> .shed()));
    let detach = options.detach.then(|| quote_spanned!(span=> .detach()));
    let job = Ident::new("__job", at(function.sig.paren_token.span.join()));
    let outcome = local("__outcome");
    quote_spanned! {span=>
        let #outcome = {
            static HANDLER: #runtime::__private::Handler = #handler;
            #runtime::__private::Call::new(&HANDLER) #pool #timeout #shed #detach.run(#job).await
        };
    }
}

/// Converts the outcome into what the function returns.
///
/// With `timeout` or `shed`, which require a `Result`, a failure becomes its error:
///
/// ```text
/// // Input:
/// timeout = "2s"
/// // Output:
/// ::unblock_runtime::__private::fallible(__outcome)
/// ```
///
/// Without them, the return type decides by method resolution whether a panic of the body becomes
/// an error or continues in the caller:
///
/// ```text
/// // Input:
/// pool = self.pool
/// // Output:
/// {
///     use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
///     (&__outcome).conversion().finish(__outcome)
/// }
/// ```
pub(crate) fn return_value(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = runtime_path(span, options);
    let outcome = format_ident!("__outcome", span = span);
    if options.can_fail() {
        return quote_spanned!(span=> #runtime::__private::fallible(#outcome));
    }
    quote_spanned! {span=>
        {
            use #runtime::__private::{ByError as _, ByPanic as _};
            (&#outcome).conversion().finish(#outcome)
        }
    }
}

/// Returns the span for errors about the result: its type, or the function's name if it has none.
fn result_span(function: &Function) -> Span {
    match &function.sig.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => function.sig.ident.span(),
    }
}
