//! How each argument gets from the caller to the job.

use proc_macro2::Span;
use quote::format_ident;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, Ident, Pat, PatIdent, PatType, Receiver, ReceiverKind, Token, Type};

use crate::borrow;
use crate::signature::Function;

/// An argument other than `self`.
pub(crate) struct Argument {
    pub(crate) attrs: Vec<Attribute>,
    /// What the argument is called in the generated function: as the user calls it, or `__argN` for a pattern.
    pub(crate) name: Ident,
    pub(crate) mutability: Option<Token![mut]>,
    /// What takes the argument apart, inside the job.
    pub(crate) pattern: Option<Pat>,
    pub(crate) ty: Type,
}

impl Argument {
    pub(crate) fn all(function: &Function) -> Vec<Self> {
        let typed = function.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        });
        typed.enumerate().map(|(index, argument)| Argument::new(index, argument)).collect()
    }

    fn new(index: usize, argument: &PatType) -> Self {
        let (name, mutability, pattern) = match &*argument.pat {
            Pat::Ident(PatIdent { attrs, by_ref: None, mutability, ident, subpat: None })
                if attrs.is_empty() =>
            {
                (ident.clone(), *mutability, None)
            }
            pattern => {
                let name = format_ident!("__arg{index}", span = pattern.span());
                (name, None, Some(pattern.clone()))
            }
        };
        Argument { attrs: argument.attrs.clone(), name, mutability, pattern, ty: (*argument.ty).clone() }
    }

    /// Where an error about the argument belongs: at its name, or at the start of its pattern.
    pub(crate) fn span(&self) -> Span {
        self.pattern.as_ref().map_or(self.name.span(), Spanned::span)
    }

    /// Whether the job gets a copy, because the argument is borrowed.
    pub(crate) fn is_borrowed(&self) -> bool {
        borrow::shared_reference(&self.ty).is_some()
    }

    /// The variables that the argument gives the body.
    pub(crate) fn bindings(&self) -> Vec<Ident> {
        let mut bindings = Bindings::default();
        match &self.pattern {
            Some(pattern) => bindings.visit_pat_mut(&mut pattern.clone()),
            None => bindings.names.push(self.name.clone()),
        }
        bindings.names
    }

    /// The pattern for a look at the argument from outside: nothing in it is mutable or moves.
    pub(crate) fn pattern_by_reference(&self) -> Option<Pat> {
        let mut pattern = self.pattern.clone()?;
        Bindings::default().visit_pat_mut(&mut pattern);
        Some(pattern)
    }
}

/// Whether the job gets a copy of the receiver: `&self`, `self: &Self` and `self: &Arc<Self>`.
pub(crate) fn is_borrowed_receiver(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, Some(lifetime), None) => lifetime.ident != "static",
        ReceiverKind::Reference(_, None, None) => true,
        ReceiverKind::Typed(_, ty) => borrow::shared_reference(ty).is_some(),
        _ => false,
    }
}

/// `#[cfg(…)]` and `#[cfg_attr(…)]`, which go with the argument wherever it is named.
pub(crate) fn is_condition(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

/// `#[allow(…)]` and its kind, which go with the variable that the body sees.
pub(crate) fn is_lint(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|lint| attr.path().is_ident(lint))
}

/// Collects the variables of a pattern, and strips their `mut` and `ref` on the way.
#[derive(Default)]
struct Bindings {
    names: Vec<Ident>,
}

impl VisitMut for Bindings {
    fn visit_pat_ident_mut(&mut self, binding: &mut PatIdent) {
        self.names.push(binding.ident.clone());
        binding.by_ref = None;
        binding.mutability = None;
        visit_mut::visit_pat_ident_mut(self, binding);
    }
}
