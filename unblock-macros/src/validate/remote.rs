//! Rejects what cannot run in another process.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Type, TypeImplTrait};

use crate::errors::Errors;
use crate::expand::call::is_no_result;
use crate::parse::argument::{self, Argument};
use crate::parse::function::{Body, Function};
use crate::parse::options::Options;

/// Adds an error for each part of a function with `remote` that has no meaning in another process.
pub(super) fn check(
    function: &Function,
    arguments: &[Argument],
    options: &Options,
    errors: &mut Errors,
) {
    let Some(remote) = &options.remote else { return };
    if options.pool.is_none() {
        errors.on(
            remote,
            "`remote` says that the function may run elsewhere: say where, by `pool = CRUNCH`, a \
             `ProcessPool`, or a `Pool` while it is to run here",
        );
    }
    if let Some(receiver) = function.sig.receiver() {
        errors.on(
            receiver,
            "a method cannot run in another process, as `self` stays here: take what it needs as \
             arguments of a free function with `remote`, and call that from the method",
        );
        return;
    }
    if function.async_block.is_some() {
        errors.on(
            remote,
            "a method of this trait cannot run in another process: write a free function with \
             `remote`, and await that in the method",
        );
        return;
    }
    let generics = &function.sig.generics;
    let opaque = Opaque::find(function);
    if !generics.params.is_empty() {
        errors.on(
            &generics.params,
            "a worker process finds a function by its name, and a generic one has none of its \
             own: write a function for each type that it is called with",
        );
    } else if let Some(opaque) = opaque {
        errors.on(opaque, "a worker process has to know this type: write its name");
    }
    for argument in arguments {
        if let Some(condition) = argument.attrs.iter().find(|attr| argument::is_condition(attr)) {
            errors.on(
                condition,
                "an argument of a function with `remote` cannot be conditional: write the \
                 function twice, each under a `#[cfg(…)]`",
            );
        }
    }
    if is_no_result(function.output()) {
        let text = "a call to another process can fail, and this cannot say so: return \
                    `Result<_, E>`, where `E` is `unblock_runtime::Error` or made from it";
        match function.output() {
            syn::ReturnType::Type(_, ty) => errors.on(ty, text),
            syn::ReturnType::Default => errors.on(&function.sig.ident, text),
        }
    }
    let body = match &function.body {
        Body::Braces(braces) => braces.stream(),
        Body::Missing(_) => TokenStream::new(),
    };
    let signature = function.sig.to_token_stream();
    if let Some(this) = find_self_type(signature).or_else(|| find_self_type(body)) {
        errors.on(
            this,
            "`Self` is not known where a worker process calls this: write the type's name",
        );
    }
}

/// Finds the first `Self`.
fn find_self_type(tokens: TokenStream) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "Self" => Some(TokenTree::Ident(word)),
        TokenTree::Group(group) => find_self_type(group.stream()),
        _ => None,
    })
}

/// Finds the first `impl Trait`.
#[derive(Default)]
struct Opaque(Option<TypeImplTrait>);

impl Opaque {
    fn find(function: &Function) -> Option<TypeImplTrait> {
        let mut opaque = Self::default();
        opaque.visit_signature_mut(&mut function.sig.clone());
        opaque.0
    }
}

impl VisitMut for Opaque {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(opaque) = ty {
            self.0.get_or_insert_with(|| opaque.clone());
        }
        visit_mut::visit_type_mut(self, ty);
    }
}
