//! An argument of the function, and how it gets from the caller to the job.

use quote::format_ident;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, Ident, Pat, PatIdent, PatType, Receiver, ReceiverKind, Token, Type};

use crate::parse::borrow;
use crate::parse::function::Function;
use crate::parse::options::Options;
use crate::span::at;

/// An argument of the function, other than `self`.
pub(crate) struct Argument {
    pub(crate) attrs: Vec<Attribute>,
    /// Name of the argument outside the job: the user's name, or `__argN` for a pattern.
    ///
    /// Its hygiene makes it another variable than the user's of that name. The body's variable
    /// therefore shadows nothing, and what generated code does with the argument causes no lints.
    pub(crate) name: Ident,
    /// The variable that the body sees; `None` if the argument is a pattern.
    pub(crate) variable: Option<Ident>,
    pub(crate) mutability: Option<Token![mut]>,
    /// The pattern that takes the argument apart, inside the job; `None` if it is a plain variable.
    pub(crate) pattern: Option<Pat>,
    pub(crate) ty: Type,
}

impl Argument {
    /// Returns all arguments of a function except its receiver.
    pub(crate) fn all(function: &Function, options: &Options) -> Vec<Self> {
        let typed = function.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        });
        let mut arguments: Vec<_> =
            typed.enumerate().map(|(index, argument)| Argument::new(index, argument)).collect();
        for index in 0..arguments.len() {
            let Some(variable) = arguments[index].variable.clone() else { continue };
            // The user's own variable is needed in two cases. The value of an option is the user's
            // code and sees only the user's variables. And `macro_rules!` may give two arguments
            // the same name, which only their own hygiene distinguishes.
            let same_name = arguments.iter().filter(|other| other.name == variable).count() > 1;
            if same_name || options.mentions(&variable) {
                arguments[index].name = variable;
            }
        }
        arguments
    }

    fn new(index: usize, argument: &PatType) -> Self {
        let (name, variable, mutability, pattern) = match &*argument.pat {
            Pat::Ident(PatIdent { attrs, by_ref: None, mutability, ident, subpat: None })
                if attrs.is_empty() =>
            {
                (outside_name(index, ident), Some(ident.clone()), *mutability, None)
            }
            pattern => {
                let name = format_ident!("__arg{index}", span = at(pattern.span()));
                (name, None, None, Some(pattern.clone()))
            }
        };
        let attrs = argument.attrs.clone();
        Argument { attrs, name, variable, mutability, pattern, ty: (*argument.ty).clone() }
    }

    /// Returns true if the job gets a copy, because the caller only lends the argument.
    pub(crate) fn is_borrowed(&self) -> bool {
        borrow::shared_reference(&self.ty).is_some()
    }

    /// Returns the variables that the body gets from this argument.
    pub(crate) fn bindings(&self) -> Vec<Ident> {
        let mut bindings = Bindings::default();
        if let Some(pattern) = &self.pattern {
            bindings.visit_pat_mut(&mut pattern.clone());
        }
        bindings.names.extend(self.variable.clone());
        bindings.names
    }

    /// Returns the pattern with which variables are bound by reference, so that the argument stays
    /// whole.
    pub(crate) fn pattern_by_reference(&self) -> Option<Pat> {
        let mut pattern = self.pattern.clone()?;
        // A pattern for a value binds references to its parts by itself if it meets a reference.
        let explicit = !self.is_borrowed() || matches!(pattern, Pat::Reference(_));
        Bindings { explicit, ..Bindings::default() }.visit_pat_mut(&mut pattern);
        Some(pattern)
    }
}

/// Returns the name of an argument outside the job.
fn outside_name(index: usize, variable: &Ident) -> Ident {
    let span = at(variable.span());
    match variable.to_string().as_str() {
        // A keyword in the edition of generated code only.
        "gen" => Ident::new_raw("gen", span),
        // It could be the name of a variable of the generated code.
        name if name.starts_with("__") => format_ident!("__arg{index}", span = span),
        _ => {
            let mut name = variable.clone();
            name.set_span(span);
            name
        }
    }
}

/// Returns true if the job gets a copy of the receiver: `&self`, `self: &Self`, `self: &Arc<Self>`.
pub(crate) fn is_borrowed_receiver(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, Some(lifetime), None) => lifetime.ident != "static",
        ReceiverKind::Reference(_, None, None) => true,
        ReceiverKind::Typed(_, ty) => borrow::shared_reference(ty).is_some(),
        _ => false,
    }
}

/// Returns true for `#[cfg(…)]` and `#[cfg_attr(…)]`, which go wherever the argument goes.
pub(crate) fn is_condition(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")
}

/// Returns true for `#[allow(…)]` and the other lint levels, which go with the body's variable.
pub(crate) fn is_lint(attr: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|lint| attr.path().is_ident(lint))
}

/// Collects the variables of a pattern, and strips their `mut` and `ref`, or makes all of them
/// `ref`.
#[derive(Default)]
struct Bindings {
    explicit: bool,
    names: Vec<Ident>,
}

impl VisitMut for Bindings {
    fn visit_pat_ident_mut(&mut self, binding: &mut PatIdent) {
        // A name such as `None` is no variable.
        let is_variable = !binding.ident.to_string().starts_with(char::is_uppercase);
        self.names.push(binding.ident.clone());
        let by_ref = Token![ref](binding.ident.span());
        binding.by_ref = (self.explicit && is_variable).then_some(by_ref);
        binding.mutability = None;
        visit_mut::visit_pat_ident_mut(self, binding);
    }
}
