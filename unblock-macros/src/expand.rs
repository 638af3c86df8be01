//! From a function that blocks to an `async` one whose body is a job.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, FnArg, Pat, PatIdent, Receiver, ReceiverKind, ReturnType, Token, Type};

use crate::args::{Options, Timeout, mentions};
use crate::argument::{self, Argument};
use crate::errors::Errors;
use crate::signature::{Body, Function};
use crate::{duration, fallback, self_tokens, validate};

/// The whole of the attribute: reads the options and the function, and either expands or explains.
pub(crate) fn attribute(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::read(args, &mut errors);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.add(error);
            return fallback::item(item, errors);
        }
    };
    validate::check(&function, &mut errors);
    if errors.is_empty() { expand(&function, &options) } else { fallback::function(function, errors) }
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
    let arguments = Argument::all(function);
    let settings = settings(function, &arguments, options);
    let handover = handover(function, &arguments, options);
    let (inner_attrs, job) = job(function, &arguments, options);
    let call = call(function, options);
    let settled = settled(function, options);

    let Function { attrs, vis, .. } = function;
    let sig = signature(function, &arguments);
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #(#inner_attrs)*
        #vis #sig {
            #settings
            #handover
            #job
            #call
            #settled
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
                let pattern =
                    PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat: None };
                *typed.pat = Pat::Ident(pattern);
            }
        }
    }
    sig
}

/// What the options say, found out before the arguments go.
///
/// ```text
/// // Input:
/// pool = self.pool, timeout = self.limit
/// // Output:
/// let __pool: &::unblock_runtime::Pool = &self.pool;
/// let __timeout: ::core::time::Duration = self.limit;
/// ```
fn settings(function: &Function, arguments: &[Argument], options: &Options) -> TokenStream {
    let mut settings = TokenStream::new();
    if let Some(pool) = &options.pool {
        let span = at(pool.span());
        let runtime = runtime_at(span, options);
        let look = look_inside(pool, arguments);
        let variable = local("__pool");
        settings.extend(if look.is_empty() {
            quote_spanned!(span=> let #variable: &#runtime::Pool = &#pool;)
        } else {
            quote_spanned!(span=> let #variable: &#runtime::Pool = { #look &#pool };)
        });
        if leaves_with_the_arguments(pool, function, arguments) {
            settings.extend(quote_spanned!(span=> let #variable = #runtime::Pool::clone(#variable);));
        }
    }
    if let Some(Timeout::Expr(timeout)) = &options.timeout {
        let span = at(timeout.span());
        let look = look_inside(timeout, arguments);
        let variable = local("__timeout");
        settings.extend(if look.is_empty() {
            quote_spanned!(span=> let #variable: ::core::time::Duration = #timeout;)
        } else {
            quote_spanned!(span=> let #variable: ::core::time::Duration = { #look #timeout };)
        });
    }
    settings
}

/// A look into the patterns that bind what an option's expression uses.
///
/// ```text
/// // Input:
/// pool = state.pool, with the argument State(state): State<App>
/// // Output:
/// let State(state) = &__arg0;
/// ```
fn look_inside(option: &Expr, arguments: &[Argument]) -> TokenStream {
    let mut looks = TokenStream::new();
    for argument in arguments {
        let Some(pattern) = argument.pattern_by_reference() else { continue };
        if argument.bindings().iter().any(|binding| mentions(option, binding)) {
            let name = &argument.name;
            let conditions = argument.attrs.iter().filter(|attr| is_condition(attr));
            let reference = (!argument.is_borrowed()).then(|| quote!(&));
            looks.extend(quote_spanned! {Span::mixed_site()=>
                #(#conditions)*
                #[allow(unused_variables)]
                let #pattern = #reference #name;
            });
        }
    }
    looks
}

/// Whether an option's expression may refer to an argument that moves into the job.
fn leaves_with_the_arguments(option: &Expr, function: &Function, arguments: &[Argument]) -> bool {
    let receiver = function.sig.receiver();
    let receiver_leaves = receiver.is_some_and(|receiver| !argument::is_borrowed_receiver(receiver));
    (receiver_leaves && mentions(option, "self"))
        || arguments
            .iter()
            .filter(|argument| !argument.is_borrowed())
            .any(|argument| argument.bindings().iter().any(|binding| mentions(option, binding)))
}

/// What the job gets: a copy of what the caller lends, and what the caller gives.
///
/// ```text
/// // Input:
/// &self, image: &[u8], n: u8
/// // Output:
/// let __self = ::unblock_runtime::__private::own(self);
/// let image = ::unblock_runtime::__private::own(image);
/// let n = ::unblock_runtime::__private::moved(n);
/// ```
///
/// Each call says by itself that its argument may go to another thread, and takes its place from the argument's name, so
/// that an error is about that argument.
fn handover(function: &Function, arguments: &[Argument], options: &Options) -> TokenStream {
    let mut handover = TokenStream::new();
    if let Some(receiver) = function.sig.receiver() {
        let token = &receiver.self_token;
        let this = self_tokens::ident(token.span);
        let call = handover_call(argument::is_borrowed_receiver(receiver), token.span, token, options);
        handover.extend(quote_spanned!(at(token.span)=> let #this = #call;));
    }
    for argument in arguments {
        let Argument { attrs, name, .. } = argument;
        let conditions = attrs.iter().filter(|attr| is_condition(attr));
        let call = handover_call(argument.is_borrowed(), argument.span(), name, options);
        handover.extend(quote_spanned!(at(name.span())=> #(#conditions)* let #name = #call;));
    }
    handover
}

fn handover_call(is_borrowed: bool, place: Span, argument: impl ToTokens, options: &Options) -> TokenStream {
    let runtime = runtime_at(place, options);
    if is_borrowed {
        quote_spanned!(place=> #runtime::__private::own(#argument))
    } else {
        quote_spanned!(place=> #runtime::__private::moved(#argument))
    }
}

/// The body as a closure that owns all arguments, whether it uses them or not: they are dropped where it ran.
///
/// ```text
/// // Input:
/// (&self, image: &[u8], Path(n): Path<u64>, mut x: u8) -> Row { BODY }
/// // Output:
/// let __job = move || -> Row {
///     let __self = __self.get();
///     let image = image.get();
///     let __arg1 = __arg1;
///     let Path(n) = __arg1;
///     let mut x = x;
///     { BODY }
/// };
/// ```
///
/// Returns also the attributes at the start of the body (`#![allow(…)]`), which go above the function: a nested block may have none.
fn job(function: &Function, arguments: &[Argument], options: &Options) -> (Vec<TokenStream>, TokenStream) {
    let mut bindings = TokenStream::new();
    if let Some(receiver) = function.sig.receiver() {
        bindings.extend(receiver_binding(receiver));
    }
    bindings.extend(arguments.iter().map(|argument| argument_binding(argument, options)));

    let Body::Braces(braces) = &function.body else { return (Vec::new(), TokenStream::new()) };
    let (inner_attrs, body) = split_inner_attributes(braces.stream());
    let body = if function.sig.receiver().is_some() { self_tokens::rename(body) } else { body };
    let mut block = Group::new(Delimiter::Brace, body);
    // At the user's braces, but not theirs: the compiler would find them unnecessary.
    block.set_span(at(braces.span()));
    let block = if bindings.is_empty() {
        block.into_token_stream()
    } else {
        quote_spanned!(Span::mixed_site()=> { #bindings #block })
    };

    let output = match &function.sig.output {
        ReturnType::Default => {
            let span = at(function.sig.ident.span());
            quote_spanned!(span=> -> ())
        }
        ReturnType::Type(arrow, ty) => {
            let mut ty = ty.clone();
            HideOpaque.visit_type_mut(&mut ty);
            quote!(#arrow #ty)
        }
    };
    let job = local("__job");
    (
        inner_attrs,
        quote_spanned!(at(function.sig.paren_token.span.join())=> let #job = move || #output #block;),
    )
}

/// ```text
/// // Input:
/// &self
/// // Output:
/// let __self = __self.get();
/// ```
fn receiver_binding(receiver: &Receiver) -> TokenStream {
    let token = &receiver.self_token;
    let this = self_tokens::ident(token.span);
    let span = at(token.span);
    if argument::is_borrowed_receiver(receiver) {
        let mutability = match receiver.kind {
            ReceiverKind::Typed(..) => receiver.mutability,
            _ => None,
        };
        quote_spanned!(span=> let #mutability #this = #this.get();)
    } else {
        let mutability = receiver.mutability;
        quote_spanned!(span=> let #mutability #this = #this;)
    }
}

/// ```text
/// // Input:
/// image: &[u8]
/// // Output:
/// let image = image.get();
/// ```
fn argument_binding(argument: &Argument, options: &Options) -> TokenStream {
    let Argument { attrs, name, mutability, pattern, .. } = argument;
    let span = Span::mixed_site();
    let conditions: Vec<_> = attrs.iter().filter(|attr| is_condition(attr)).collect();
    let all: Vec<_> = attrs.iter().filter(|attr| is_condition(attr) || is_lint(attr)).collect();
    // What `pool = …` uses is used, also when the body does not.
    let used = argument.bindings().iter().any(|binding| options.mention(binding));
    let used = used.then(|| quote_spanned!(span=> #[allow(unused_variables)]));
    let value = if argument.is_borrowed() {
        quote_spanned!(span=> #name.get())
    } else {
        quote_spanned!(span=> #name)
    };
    match pattern {
        None => quote_spanned!(span=> #(#all)* #used let #mutability #name = #value;),
        Some(Pat::Wild(_)) => quote_spanned!(span=> #(#conditions)* let #name = #value;),
        Some(pattern) => quote_spanned! {span=>
            #(#conditions)* let #name = #value;
            #(#all)* #used let #pattern = #name;
        },
    }
}

/// ```text
/// // Input:
/// pool = self.pool, timeout = "2s", shed
/// // Output:
/// let __outcome = {
///     static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
///     ::unblock_runtime::__private::Call::new(&HANDLER)
///         .pool(__pool)
///         .timeout(::core::time::Duration::from_secs(2))
///         .shed()
///         .run(__job)
///         .await
/// };
/// ```
///
/// The static has a block of its own, so that the body does not see it.
fn call(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = runtime_at(span, options);
    let constructor = options.name.as_ref().map_or_else(|| quote!(new()), |name| quote!(named(#name)));
    let handler = quote_spanned!(span=> #runtime::__private::Handler::#constructor);
    let pool = options.pool.as_ref().map(|pool| {
        let variable = local("__pool");
        let moves = if leaves_with_the_arguments(pool, function, &Argument::all(function)) {
            quote!(&)
        } else {
            quote!()
        };
        quote_spanned!(span=> .pool(#moves #variable))
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

/// ```text
/// // Input:
/// timeout = "2s"
/// // Output:
/// ::unblock_runtime::__private::fallible(__outcome)
/// ```
/// and without anything that can fail, where the type of the result decides what becomes of a panic:
/// ```text
/// use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
/// (&__outcome).way().settle(__outcome)
/// ```
fn settled(function: &Function, options: &Options) -> TokenStream {
    let span = at(result_span(function));
    let runtime = runtime_at(span, options);
    let outcome = format_ident!("__outcome", span = span);
    if options.can_fail() {
        return quote_spanned!(span=> #runtime::__private::fallible(#outcome));
    }
    quote_spanned! {span=>
        {
            use #runtime::__private::{ByError as _, ByPanic as _};
            (&#outcome).way().settle(#outcome)
        }
    }
}

/// Where an error about the result belongs: at its type, or at the function's name when it has none.
fn result_span(function: &Function) -> Span {
    match &function.sig.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => function.sig.ident.span(),
    }
}

/// Generated code that errors show at a place of the user's; its names stay apart from the user's.
fn at(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// The path to the runtime, shown at the same place as the code around it: an error then underlines that place and not the
/// attribute, and one mistake that breaks several rules at one place is reported once.
fn runtime_at(place: Span, options: &Options) -> TokenStream {
    let Some(path) = &options.runtime else {
        return quote_spanned!(place=> ::unblock_runtime);
    };
    // A `$crate` in the user's path means what it means where it was written.
    relocated(path.to_token_stream(), |span| span.located_at(place))
}

fn relocated(tokens: TokenStream, relocate: impl Fn(Span) -> Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(relocate(token.span()));
            token
        })
        .collect()
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn is_condition(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

fn is_lint(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|lint| attr.path().is_ident(lint))
}

/// ```text
/// // Input:
/// #![allow(unused)] BODY
/// // Output:
/// #[allow(unused)]   and   BODY
/// ```
fn split_inner_attributes(body: TokenStream) -> (Vec<TokenStream>, TokenStream) {
    let body: Vec<TokenTree> = body.into_iter().collect();
    let mut attrs = Vec::new();
    let mut rest = body.as_slice();
    while let [TokenTree::Punct(pound), TokenTree::Punct(bang), TokenTree::Group(attr), after @ ..] = rest
        && pound.as_char() == '#'
        && bang.as_char() == '!'
        && attr.delimiter() == Delimiter::Bracket
    {
        attrs.push(quote!(#pound #attr));
        rest = after;
    }
    (attrs, rest.iter().cloned().collect())
}

/// A closure's return type may not name `impl Trait`, but may leave it out: `Result<_, Error>`.
struct HideOpaque;

impl VisitMut for HideOpaque {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(opaque) = ty {
            let underscore_token = Token![_](opaque.impl_token.span);
            *ty = Type::Infer(syn::TypeInfer { attrs: Vec::new(), underscore_token });
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}
