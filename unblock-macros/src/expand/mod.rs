//! Writes the `async` function whose body runs as a job.
//!
//! The body of the new function has four parts, each written by the file of that name:
//!
//! 1. [`option_values`](mod@option_values) evaluates the options, while the arguments are still
//!    there.
//! 2. [`captures`](mod@captures) checks each argument, and copies those that are borrowed.
//! 3. [`job`](mod@job) turns the user's body into a closure.
//! 4. [`call`](mod@call) submits the job, awaits its outcome, and converts it into the return
//!    value.
//!
//! The user's body is not changed. Where the job has a copy of `self`, the body stays with the
//! function, and the job [calls the function](mod@reentry) once more, with the copy; or the copy
//! has [another name](mod@copy_of_self) in the body, if nobody can see that.

pub(crate) mod call;
mod captures;
mod closure_result;
mod copy_of_self;
mod documentation;
mod job;
mod manifest;
mod option_values;
mod reentry;
mod remote;
mod runtime_path;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, Lifetime, Pat, PatIdent, Signature, Token};

use self::call::{call, handler, return_value};
use self::captures::captures;
use self::documentation::documentation;
use self::job::body_closure;
use self::option_values::option_values;
use self::remote::Remote;
use crate::parse::argument::{Argument, is_borrowed_receiver};
use crate::parse::function::{Body, Function};
use crate::parse::options::Options;
use crate::span::{at, local};

/// Where a function is, as far as the macro sees it.
#[derive(Default)]
pub(crate) struct Context {
    /// What its methods are called by in the implementation of a trait: `<Self as Trait>`.
    pub(crate) qualified_self: Option<TokenStream>,
}

/// Writes the whole function.
///
/// ```text
/// // Input:
/// #[unblock(timeout = "2s")]
/// fn find(id: i64) -> Result<Row, AppError> { BODY }
/// // Output:
/// async fn find(id: i64) -> Result<Row, AppError> {
///     use ::unblock_runtime::__private as __unblock;
///     let __handler = { static HANDLER: … = …; &HANDLER };
///     __unblock::goes_to_the_pool(&id);
///     let __job = move || -> Result<Row, AppError> { let id = id; '_unblock: { BODY } };
///     let __outcome = __unblock::Call::new(__handler).….run(__job).await;
///     __unblock::fallible(__outcome)
/// }
/// ```
pub(crate) fn function(function: &Function, options: &Options, context: &Context) -> TokenStream {
    let Body::Braces(braces) = &function.body else { return TokenStream::new() };
    let arguments = Argument::all(function, options);
    let (inner_attrs, body) = split_inner_attributes(braces);
    let option_values = option_values(&arguments, options);
    let captures = captures(function, &arguments);
    let return_value = return_value(function, options);
    let import = runtime_path::import(options);
    let span = at(function.sig.paren_token.span.join());
    if options.remote.is_some() {
        let Remote { body, registration, call } = Remote::new(function, &arguments, options, &body);
        let block = quote_spanned! {span=>
            #import
            #body
            #registration
            #option_values
            #captures
            #call
            #return_value
        };
        return with_block(function, &arguments, options, &inner_attrs, braces.span(), block);
    }
    let is_copy = function.sig.receiver().is_some_and(is_borrowed_receiver);
    let renamed = is_copy.then(|| copy_of_self::renamed(function, &body)).flatten();
    let is_second_call = is_copy && renamed.is_none();
    let body = renamed.unwrap_or(body);
    let closure = body_closure(function, &arguments, options, &body, is_second_call);
    let handler = handler(function, options);
    let call = call(function, options);
    let (reentry, job) = if is_second_call {
        reentry::reentry(function, &arguments, context, &closure)
    } else {
        (TokenStream::new(), closure)
    };

    let variable = local("__job");
    let mut block = quote_spanned! {span=>
        #import
        #handler
        #reentry
        #option_values
        #captures
        let #variable = #job;
        #call
        #return_value
    };
    if let Some(async_block) = &function.async_block {
        block = async_block.with_body(block);
    }
    with_block(function, &arguments, options, &inner_attrs, braces.span(), block)
}

/// Puts the block below the function's attributes and signature.
fn with_block(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
    inner_attrs: &[TokenStream],
    braces: Span,
    block: TokenStream,
) -> TokenStream {
    let mut block = Group::new(Delimiter::Brace, block);
    // With a function that begins and ends at the user's tokens, the compiler takes all of it for
    // the user's own, and lints it.
    block.set_span(braces);
    let Function { attrs, vis, .. } = function;
    let documentation = documentation(function, options);
    let sig = signature(function, arguments);
    quote! {
        #(#attrs)*
        #documentation
        #(#inner_attrs)*
        #vis #sig #block
    }
}

/// Makes the signature `async`, and gives each argument a plain name instead of its pattern.
///
/// ```text
/// // Input:
/// fn find(mut self, Path(n): Path<u64>, mut x: u8) -> Row
/// // Output:
/// async fn find(mut self, __arg0: Path<u64>, x: u8) -> Row
/// ```
fn signature(function: &Function, arguments: &[Argument]) -> Signature {
    let mut sig = function.sig.clone();
    if function.async_block.is_none() {
        sig.asyncness = Some(Token![async](sig.fn_token.span));
    }
    let mut arguments = arguments.iter();
    for input in &mut sig.inputs {
        if let FnArg::Typed(typed) = input {
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
    sig
}

/// Splits the inner attributes off a body, and makes them outer ones, for the function, because a
/// nested block may not have inner attributes.
///
/// ```text
/// // Input:
/// { #![allow(unused)] BODY }
/// // Output:
/// #[allow(unused)]   and   { BODY }
/// ```
fn split_inner_attributes(braces: &Group) -> (Vec<TokenStream>, Group) {
    let body: Vec<TokenTree> = braces.stream().into_iter().collect();
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
    if attrs.is_empty() {
        return (attrs, braces.clone());
    }
    let mut block = Group::new(Delimiter::Brace, rest.iter().cloned().collect());
    block.set_span(braces.span());
    (attrs, block)
}

/// Returns the generated code's `'_unblock: { … }` around the user's block, or the block alone if
/// nothing comes before it.
///
/// The block keeps the user's braces, whose edition says when the temporaries of its last
/// expression are dropped. The label keeps the compiler from calling the braces unnecessary. Its
/// span is that of the braces, because it is part of the block's.
fn labeled(bindings: &TokenStream, body: &Group) -> TokenStream {
    if bindings.is_empty() {
        return body.to_token_stream();
    }
    let label = Lifetime::new("'_unblock", body.span_open());
    quote_spanned!(Span::mixed_site()=> { #bindings #label: #body })
}
