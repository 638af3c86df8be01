//! Writes the `async` function whose body runs as a job.
//!
//! The body of the new function has four parts, each written by the file of that name:
//!
//! 1. [`option_values`](mod@option_values) evaluates the options, while the arguments are still
//!    there.
//! 2. [`captures`](mod@captures) moves or copies each argument for the job.
//! 3. [`job`](mod@job) turns the user's body into a closure; `rename_self` and `format_string`
//!    rename `self` in it.
//! 4. [`call`](mod@call) submits the job, awaits its outcome, and converts it into the return
//!    value.

mod call;
mod captures;
mod format_string;
mod job;
mod option_values;
mod rename_self;
mod runtime_path;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{FnArg, Pat, PatIdent, Signature, Token};

use self::call::{call, return_value};
use self::captures::captures;
use self::job::job;
use self::option_values::option_values;
use crate::parse::argument::Argument;
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::span::at;

/// Writes the whole function.
///
/// ```text
/// // Input:
/// #[unblock(timeout = "2s")]
/// fn find(&self, id: i64) -> Result<Row, AppError> { … self … }
/// // Output:
/// async fn find(&self, id: i64) -> Result<Row, AppError> {
///     let __self = ::unblock_runtime::__private::own(self);
///     let id = ::unblock_runtime::__private::moved(id);
///     let __job = move || -> Result<Row, AppError> { … __self … };
///     let __outcome = { … .run(__job).await };
///     ::unblock_runtime::__private::fallible(__outcome)
/// }
/// ```
pub(crate) fn function(function: &Function, options: &Options) -> TokenStream {
    let arguments = Argument::all(function, options);
    let option_values = option_values(function, &arguments, options);
    let captures = captures(function, &arguments, options);
    let (inner_attrs, job) = job(function, &arguments, options);
    let call = call(function, &arguments, options);
    let return_value = return_value(function, options);

    let Function { attrs, vis, .. } = function;
    let sig = signature(function, &arguments);
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #(#inner_attrs)*
        #vis #sig {
            #option_values
            #captures
            #job
            #call
            #return_value
        }
    }
}

/// Makes the signature `async`, and gives each argument a plain name instead of its pattern.
///
/// ```text
/// // Input:
/// fn find(mut self, Path(n): Path<u64>, mut x: u8) -> Row
/// // Output:
/// async fn find(self, __arg0: Path<u64>, x: u8) -> Row
/// ```
fn signature(function: &Function, arguments: &[Argument]) -> Signature {
    let mut sig = function.sig.clone();
    sig.asyncness = Some(Token![async](at(sig.fn_token.span)));
    let mut arguments = arguments.iter();
    for input in &mut sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(typed) => {
                let Some(argument) = arguments.next() else { continue };
                // `#[expect(…)]` goes with the body's variable. Here the lint would not fire, so
                // the expectation would be unfulfilled.
                typed.attrs.retain(|attr| !attr.path().is_ident("expect"));
                *typed.pat = Pat::Ident(PatIdent {
                    attrs: Vec::new(),
                    by_ref: None,
                    mutability: None,
                    ident: argument.name.clone(),
                    subpat: None,
                });
            }
        }
    }
    sig
}
