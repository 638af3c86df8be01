//! Rejects what cannot run on a pool, each with a message that says what to write instead.

mod body;
mod remote;

use syn::{ReceiverKind, ReturnType, Safety, Signature, Type, TypeParamBound};

use crate::errors::Errors;
use crate::parse::argument::{self, Argument};
use crate::parse::borrow;
use crate::parse::function::{Body, Function};
use crate::parse::options::Options;
use crate::parse::source;

/// Adds an error for each part of the function that cannot run on a pool.
pub(crate) fn check(function: &Function, options: &Options, errors: &mut Errors) {
    attributes(function, errors);
    qualifiers(&function.sig, errors);
    match &function.body {
        Body::Missing(semicolon) => errors.on(
            semicolon,
            format!(
                "a function without a body has nothing to run on the pool: in a trait, declare it \
                 as `async fn {}`, and put `#[unblock]` above the implementations that block; for \
                 a foreign function, put it above one that calls it",
                function.sig.ident
            ),
        ),
        Body::Braces(braces) => body::check(function, braces, errors),
    }
    receiver(&function.sig, errors);
    let arguments = Argument::all(function, options);
    for argument in &arguments {
        self::argument(argument, errors);
    }
    remote::check(function, &arguments, options, errors);
    if function.sig.receiver().is_some_and(argument::is_borrowed_receiver) {
        second_call(function, &arguments, errors);
    }
    if let ReturnType::Type(_, ty) = function.output() {
        return_type(ty, errors);
    }
}

fn attributes(function: &Function, errors: &mut Errors) {
    for attr in &function.attrs {
        if attr.path().is_ident("track_caller") {
            errors.on(
                attr,
                "`#[track_caller]` does nothing for an `async fn`: remove it, and take what the \
                 body needs to know as an argument, such as `caller: &'static Location<'static>`",
            );
        }
    }
}

/// Most arguments of a method whose body runs in a second call of it, besides the receiver.
const MOST_ARGUMENTS: usize = 15;

fn second_call(function: &Function, arguments: &[Argument], errors: &mut Errors) {
    if arguments.len() > MOST_ARGUMENTS {
        errors.on(
            &function.sig.inputs,
            format!(
                "a method with `&self` may have {MOST_ARGUMENTS} arguments more: put some of them \
                 into a struct"
            ),
        );
    }
    for argument in arguments {
        if let Some(condition) = argument.attrs.iter().find(|attr| argument::is_condition(attr)) {
            errors.on(
                condition,
                "an argument of a method with `&self` cannot be conditional: write the method \
                 twice, each under a `#[cfg(…)]`",
            );
        }
    }
}

fn qualifiers(sig: &Signature, errors: &mut Errors) {
    if let Some(token) = &sig.asyncness {
        errors.on(
            token,
            "this function is `async` already: remove `async` if all of it blocks, or put \
             `#[unblock]` on a function of its own that holds the part that blocks, and await that \
             one here",
        );
    }
    if let Some(token) = &sig.constness {
        errors.on(token, "a `const fn` cannot wait for a pool: remove `const`");
    }
    if let Safety::Unsafe(token) = &sig.safety {
        errors.on(
            token,
            "an `unsafe fn` cannot go to the pool, as its caller's promise would have to hold on \
             another thread, later: take owned values, and put the `unsafe { … }` block into the \
             body of a safe function",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.on(
            abi,
            "an `extern` function cannot be `async`: call it from a function of its own, and put \
             `#[unblock]` there",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.on(
            variadic.dots,
            "a variadic function cannot be `async`: take a slice or a `Vec` instead",
        );
    }
}

fn receiver(sig: &Signature, errors: &mut Errors) {
    let Some(receiver) = sig.receiver() else { return };
    let exclusive = match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, Some(_)) => {
            lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
        }
        ReceiverKind::Typed(_, ty) => borrow::exclusive_reference(ty).is_some(),
        _ => false,
    };
    if exclusive {
        errors.on(
            receiver,
            "`&mut self` cannot go to the pool, as the caller would have to lend it to another \
             thread: take `self` and return it, or take `&self` of a handle that clones, with what \
             changes in an `Arc<Mutex<…>>`",
        );
        return;
    }
    let ReceiverKind::Typed(_, ty) = &receiver.kind else { return };
    let ty = borrow::shared_reference(ty).map_or(&**ty, |reference| &reference.elem);
    if let Some(borrow) = borrow::find(ty) {
        errors.at(
            borrow.span,
            "this `self` borrows, and the job cannot: take `&self` (the job gets a clone), `self`, \
             `self: Arc<Self>` or `self: &Arc<Self>`",
        );
    }
}

fn argument(argument: &Argument, errors: &mut Errors) {
    let name = match &argument.pattern {
        Some(_) => String::new(),
        None => format!("{}: ", argument.name),
    };
    if let Some(reference) = borrow::exclusive_reference(&argument.ty) {
        let owned = match borrow::find(&argument.ty).and_then(|borrow| borrow.owned) {
            Some(owned) => {
                // A box has no `Send` of its own.
                let owned = match borrow::peel(&reference.elem) {
                    Type::TraitObject(object) => format!("Box<{}>", with_bounds(object, &["Send"])),
                    _ => owned,
                };
                format!("take `{name}{owned}` and return it")
            }
            None => "take the value itself and return it".to_owned(),
        };
        errors.on(
            reference,
            format!(
                "an `&mut` argument cannot go to the pool, as the caller would have to lend it to \
                 another thread: {owned}, or share it with the caller in an `Arc<Mutex<…>>`"
            ),
        );
        return;
    }
    let reference = borrow::shared_reference(&argument.ty);
    let ty = reference.map_or(&argument.ty, |reference| &*reference.elem);
    if let (Some(reference), Type::TraitObject(object)) = (reference, borrow::peel(ty)) {
        let boxed = with_bounds(object, &["Send"]);
        let shared = with_bounds(object, &["Send", "Sync"]);
        errors.on(
            reference,
            format!(
                "the job cannot own a copy of a trait object behind `&`: take \
                 `{name}Box<{boxed}>` or `{name}Arc<{shared}>`"
            ),
        );
        return;
    }
    if let Some(borrow) = borrow::find(ty) {
        // The owned form is that of the whole argument: `Vec<String>` for `&[&str]`.
        let owned = match borrow::find(&argument.ty).and_then(|borrow| borrow.owned) {
            Some(owned) => format!("take an owned value, such as `{name}{owned}`"),
            None => "take a value that owns what it needs".to_owned(),
        };
        errors.at(
            borrow.span,
            format!(
                "an argument whose type has a lifetime of its own cannot go to the pool, as the \
                 job may outlive what it borrows: {owned}"
            ),
        );
    }
}

/// Writes a trait object with bounds that it may have already.
fn with_bounds(object: &syn::TypeTraitObject, bounds: &[&str]) -> String {
    let mut text = source::text(object);
    for wanted in bounds {
        let has = object.bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => bound.path.is_ident(wanted),
            _ => false,
        });
        if !has {
            text.push_str(" + ");
            text.push_str(wanted);
        }
    }
    text
}

fn return_type(ty: &Type, errors: &mut Errors) {
    let Some(borrow) = borrow::find(ty) else { return };
    let owned = match borrow.owned {
        Some(owned) => format!("return an owned value, such as `{owned}`"),
        None => "return a value that owns what it has".to_owned(),
    };
    errors.at(
        borrow.span,
        format!(
            "the result cannot borrow: when it comes back, the job and all that it owned are \
             gone; {owned}"
        ),
    );
}
