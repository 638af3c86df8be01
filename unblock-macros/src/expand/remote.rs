//! The expansion of a function with `remote`, whose body runs in another process, or on a thread.
//!
//! The body becomes a function of its own, which both ways call: a job here, with the arguments as
//! they are, and a worker process, with arguments that it reads from a message. The other process
//! finds the function by its path, under which it registers itself.

use proc_macro2::{Group, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{LitStr, Signature, Type};

use crate::expand::call::{self, handler_of, result_span};
use crate::expand::runtime_path::alias;
use crate::parse::argument::Argument;
use crate::parse::borrow;
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::parse::source;
use crate::span::{at, local};

/// Makes the body a function, registers it, and submits a call of it.
///
/// ```text
/// // Input:
/// fn parse(text: &str, strict: bool) -> Result<Report, AppError> { BODY }
/// // Output:
/// fn __body(text: &str, strict: bool) -> Result<Report, AppError> { BODY }
/// let (__handler, __function) = { static HANDLER: …; static REMOTE: …; … };
/// let __outcome = __unblock::Call::new(__handler)
///     .run_remote(
///         __pool,
///         __function,
///         (text, strict),
///         |(text, strict)| __body(__unblock::Owned::get(&text), strict),
///         |(text, strict), __message| {
///             __message.put("`text` of `parse`", __unblock::Owned::copy(text))?;
///             __message.put("`strict` of `parse`", strict)?;
///             ::core::result::Result::Ok(())
///         },
///     )
///     .await;
/// ```
pub(super) struct Remote {
    /// The function of the body.
    pub(super) body: TokenStream,
    /// What registers it.
    pub(super) registration: TokenStream,
    /// The call, up to its outcome.
    pub(super) call: TokenStream,
}

impl Remote {
    pub(super) fn new(
        function: &Function,
        arguments: &[Argument],
        options: &Options,
        body: &Group,
    ) -> Self {
        Self {
            body: body_function(function, body),
            registration: registration(function, arguments, options),
            call: call(function, arguments, options),
        }
    }
}

fn body_function(function: &Function, body: &Group) -> TokenStream {
    let sig = Signature { ident: local("__body"), ..function.sig.clone() };
    let sig = Signature { asyncness: None, ..sig };
    // The call can fail, even if the body cannot.
    quote!(#[allow(clippy::unnecessary_wraps)] #sig #body)
}

/// Makes the statics by which the runtime knows the function.
///
/// ```text
/// // Output:
/// let (__handler, __function) = {
///     static HANDLER: __unblock::Handler = __unblock::Handler::new();
///     static REMOTE: __unblock::remote::Function = __unblock::remote::Function::new(
///         &HANDLER,
///         ::core::concat!(::core::module_path!(), "::parse"),
///         "(&str, bool) -> Result<Report, AppError>",
///         ::core::env!("CARGO_PKG_VERSION"),
///         |__message| {
///             let text = __message.text("`text` of `parse`")?;
///             let strict = __message.take::<bool>("`strict` of `parse`")?;
///             __unblock::remote::Answer::into_reply(__body(text, strict))
///         },
///     );
///     __unblock::remote::inventory::submit! { __unblock::remote::Registered(&REMOTE) }
///     (&HANDLER, &REMOTE)
/// };
/// ```
fn registration(function: &Function, arguments: &[Argument], options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = alias(span);
    let handler = handler_of(function, options);
    let (variable, description) = (local("__handler"), local("__function"));
    let path = LitStr::new(&format!("::{}", name(function)), span);
    let signature = LitStr::new(&signature_text(function, arguments), span);
    let (message, body) = (local("__message"), local("__body"));
    let message = if arguments.is_empty() { format_ident!("_", span = span) } else { message };
    let takes = arguments.iter().map(|argument| {
        let name = &argument.name;
        let value = take(function, argument, &message);
        quote!(let #name = #value?;)
    });
    let values = arguments.iter().map(|argument| {
        let (name, span) = (&argument.name, at(argument.ty.span()));
        let runtime = alias(span);
        match borrow::shared_reference(&argument.ty) {
            Some(reference) if in_place(&reference.elem).is_none() => {
                quote_spanned!(span=> #runtime::Owned::get(&#name))
            }
            _ => quote_spanned!(span=> #name),
        }
    });
    quote_spanned! {span=>
        let (#variable, #description) = {
            #handler
            static REMOTE: #runtime::remote::Function = #runtime::remote::Function::new(
                &HANDLER,
                ::core::concat!(::core::module_path!(), #path),
                #signature,
                ::core::env!("CARGO_PKG_VERSION"),
                |#message| {
                    #(#takes)*
                    #runtime::remote::Answer::into_reply(#body(#(#values),*))
                },
            );
            #runtime::remote::inventory::submit! { #runtime::remote::Registered(&REMOTE) }
            (&HANDLER, &REMOTE)
        };
    }
}

/// Reads an argument from the message.
fn take(function: &Function, argument: &Argument, message: &syn::Ident) -> TokenStream {
    let span = at(argument.ty.span());
    let text = text(function, argument);
    let ty = &argument.ty;
    match borrow::shared_reference(ty) {
        None => quote_spanned!(span=> #message.take::<#ty>(#text)),
        Some(reference) => {
            let ty = &reference.elem;
            if let Some(read) = in_place(ty) {
                let read = format_ident!("{read}", span = span);
                quote_spanned!(span=> #message.#read(#text))
            } else {
                quote_spanned!(span=> #message.lend::<#ty>(#text))
            }
        }
    }
}

/// Returns the name of what reads a borrowed text or borrowed bytes, which stay in the message.
fn in_place(ty: &Type) -> Option<&'static str> {
    match borrow::peel(ty) {
        Type::Path(path) if path.path.is_ident("str") => Some("text"),
        Type::Slice(slice) => match borrow::peel(&slice.elem) {
            Type::Path(path) if path.path.is_ident("u8") => Some("bytes"),
            _ => None,
        },
        _ => None,
    }
}

fn call(function: &Function, arguments: &[Argument], options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = alias(span);
    let settings = call::settings(options, span);
    let names: Vec<_> = arguments.iter().map(|argument| &argument.name).collect();
    let message = local("__message");
    let values = arguments.iter().map(|argument| {
        let (name, span) = (&argument.name, at(argument.ty.span()));
        let runtime = alias(span);
        if argument.is_borrowed() {
            quote_spanned!(span=> #runtime::Owned::get(&#name))
        } else {
            quote_spanned!(span=> #name)
        }
    });
    let puts = arguments.iter().map(|argument| {
        let (name, span) = (&argument.name, at(argument.ty.span()));
        let (runtime, text) = (alias(span), text(function, argument));
        let value = if argument.is_borrowed() {
            quote_spanned!(span=> #runtime::Owned::copy(#name))
        } else {
            quote_spanned!(span=> #name)
        };
        quote_spanned!(span=> #message.put(#text, #value)?;)
    });
    let taken =
        if arguments.is_empty() { format_ident!("_", span = span) } else { message.clone() };
    let (handler, pool, body) = (local("__handler"), local("__pool"), local("__body"));
    let (description, outcome) = (local("__function"), local("__outcome"));
    quote_spanned! {span=>
        let #outcome = #runtime::Call::new(#handler)
            #settings
            .run_remote(
                #pool,
                #description,
                (#(#names,)*),
                |(#(#names,)*)| #body(#(#values),*),
                |(#(#names,)*), #taken| {
                    #(#puts)*
                    ::core::result::Result::Ok(())
                },
            )
            .await;
    }
}

/// Returns the words for an argument in an error at run time.
fn text(function: &Function, argument: &Argument) -> LitStr {
    let argument_name = match &argument.pattern {
        Some(pattern) => source::text(pattern),
        None => argument.variable.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    let text = format!("`{argument_name}` of `{}`", name(function));
    LitStr::new(&text, Span::mixed_site())
}

/// Returns the name of the function, without the `r#` of a name that is a keyword.
fn name(function: &Function) -> String {
    use syn::ext::IdentExt as _;
    function.sig.ident.unraw().to_string()
}

/// Returns the types of the arguments and of the result, as they are written.
fn signature_text(function: &Function, arguments: &[Argument]) -> String {
    let types: Vec<_> = arguments.iter().map(|argument| source::text(&argument.ty)).collect();
    let output = match function.output() {
        syn::ReturnType::Default => "()".to_owned(),
        syn::ReturnType::Type(_, ty) => source::text(ty),
    };
    format!("({}) -> {output}", types.join(", "))
}
