//! From a function that blocks to an `async` one whose body is a job.

mod call;
mod captures;
mod format_string;
mod job;
mod option_values;
mod receiver;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{FnArg, Pat, PatIdent, Token};

use self::call::{call, return_value};
use self::captures::captures;
use self::job::job;
use self::option_values::option_values;
use crate::errors::Errors;
use crate::parse::argument::Argument;
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::span::at;
use crate::{fallback, validate};

/// The whole of the attribute: reads the options and the function, and either expands or explains.
pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::parse(args, &mut errors);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.add(error);
            return fallback::item(item, errors);
        }
    };
    validate::check(&function, &options, &mut errors);
    if errors.is_empty() {
        expand(&function, &options)
    } else {
        fallback::function(function, errors)
    }
}

/// ```text
/// // Input:
/// #[unblock(timeout = "2s")]
/// fn find(&self, id: i64) -> Result<Row, AppError> { … self … }
/// // Output:
/// async fn find(&self, id: i64) -> Result<Row, AppError> {
///     let __self = ::unblock_runtime::__private::own(self);
///     let __job = move || -> Result<Row, AppError> { … __self … };
///     let __outcome = { … .run(__job).await };
///     ::unblock_runtime::__private::fallible(__outcome)
/// }
/// ```
fn expand(function: &Function, options: &Options) -> TokenStream {
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

/// ```text
/// // Input:
/// fn find(mut self, Path(n): Path<u64>, mut x: u8) -> Row
/// // Output:
/// async fn find(self, __arg0: Path<u64>, x: u8) -> Row
/// ```
fn signature(function: &Function, arguments: &[Argument]) -> syn::Signature {
    let mut sig = function.sig.clone();
    sig.asyncness = Some(Token![async](at(sig.fn_token.span)));
    let mut arguments = arguments.iter();
    for input in &mut sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(typed) => {
                let Some(argument) = arguments.next() else { continue };
                // An expectation holds where the body's variable is bound, and is not met here.
                typed.attrs.retain(|attr| !attr.path().is_ident("expect"));
                let ident = argument.name.clone();
                let pattern = PatIdent {
                    attrs: Vec::new(),
                    by_ref: None,
                    mutability: None,
                    ident,
                    subpat: None,
                };
                *typed.pat = Pat::Ident(pattern);
            }
        }
    }
    sig
}
