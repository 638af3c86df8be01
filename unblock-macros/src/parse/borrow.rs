//! Answers whether a type borrows, where, and which owned type could replace it.

use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{
    BoundLifetimes, Expr, GenericArgument, Ident, Lifetime, ParenthesizedGenericArguments,
    PathArguments, TraitBound, Type, TypeFnPtr, TypeReference, WherePredicate, parse_quote,
};

use crate::parse::source;

/// The first borrow in a type.
pub(crate) struct Borrow {
    /// Span of the first `&` or lifetime.
    pub(crate) span: Span,
    /// The same type without borrows, as the user would write it, if the tokens tell which it is.
    pub(crate) owned: Option<String>,
}

/// Returns the first reference or lifetime in a type, other than `'static`.
///
/// An elided lifetime, as in `Guard` for `Guard<'_>`, cannot be seen here; the compiler reports it.
pub(crate) fn find(ty: &Type) -> Option<Borrow> {
    let mut owned = ty.clone();
    let mut borrows = MakeOwned::default();
    borrows.visit_type_mut(&mut owned);
    let span = borrows.first?;
    Some(Borrow { span, owned: (!borrows.unknown).then(|| source::text(&owned)) })
}

/// Returns the type as a shared reference that the job cannot keep: `&T`, but not `&'static T`.
pub(crate) fn shared_reference(ty: &Type) -> Option<&TypeReference> {
    match peel(ty) {
        Type::Reference(reference) if !is_static(reference) && reference.mutability.is_none() => {
            Some(reference)
        }
        _ => None,
    }
}

/// Returns the type as an exclusive reference: `&mut T`, but not `&'static mut T`.
pub(crate) fn exclusive_reference(ty: &Type) -> Option<&TypeReference> {
    match peel(ty) {
        Type::Reference(reference) if !is_static(reference) && reference.mutability.is_some() => {
            Some(reference)
        }
        _ => None,
    }
}

/// Returns the type without the parentheses around it, and without the invisible groups that
/// `macro_rules!` puts around `$ty:ty`.
pub(crate) fn peel(mut ty: &Type) -> &Type {
    loop {
        match ty {
            Type::Group(group) => ty = &group.elem,
            Type::Paren(paren) => ty = &paren.elem,
            _ => return ty,
        }
    }
}

fn is_static(reference: &TypeReference) -> bool {
    reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
}

/// Replaces each borrow in a type by its owned form.
#[derive(Default)]
struct MakeOwned {
    /// Span of the first borrow.
    first: Option<Span>,
    /// Set if a borrow has no known owned form, as `Foo<'a>`.
    unknown: bool,
    /// Set inside `fn(&str)` and `Fn(&str)`, where an elided lifetime is not a borrow: the caller
    /// of that function chooses it at each call.
    elided_is_allowed: bool,
    /// Lifetimes that an enclosing `for<'a>` declares, which are not borrows either.
    declared: Vec<Ident>,
}

impl MakeOwned {
    fn record(&mut self, span: Span) {
        self.first.get_or_insert(span);
    }

    fn is_allowed(&self, lifetime: &Lifetime) -> bool {
        lifetime.ident == "static"
            || self.declared.contains(&lifetime.ident)
            || (lifetime.ident == "_" && self.elided_is_allowed)
    }

    fn with_declared(&mut self, binder: Option<&BoundLifetimes>, visit: impl FnOnce(&mut Self)) {
        let outside = self.declared.len();
        for parameter in binder.iter().flat_map(|binder| &binder.lifetimes) {
            if let syn::GenericParam::Lifetime(parameter) = parameter {
                self.declared.push(parameter.lifetime.ident.clone());
            }
        }
        visit(self);
        self.declared.truncate(outside);
    }

    fn inside_signature(&mut self, visit: impl FnOnce(&mut Self)) {
        let outside = std::mem::replace(&mut self.elided_is_allowed, true);
        visit(self);
        self.elided_is_allowed = outside;
    }
}

impl VisitMut for MakeOwned {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        let Type::Reference(reference) = ty else {
            owned_cow(ty, |span| self.record(span));
            return visit_mut::visit_type_mut(self, ty);
        };
        let allowed = match &reference.lifetime {
            Some(lifetime) => self.is_allowed(lifetime),
            None => self.elided_is_allowed,
        };
        if allowed {
            return self.visit_type_mut(&mut reference.elem);
        }
        self.record(reference.and_token.span);
        // The parameter of a `fn(&'a str)` has no owned form: its type belongs to that function.
        self.unknown |= self.elided_is_allowed;
        let mut owned = owned_form(&reference.elem);
        self.visit_type_mut(&mut owned);
        *ty = owned;
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if !self.is_allowed(lifetime) {
            self.record(lifetime.apostrophe);
            self.unknown = true;
        }
    }

    fn visit_type_fn_ptr_mut(&mut self, pointer: &mut TypeFnPtr) {
        let binder = pointer.lifetimes.clone();
        self.with_declared(binder.as_ref(), |this| {
            this.inside_signature(|this| {
                pointer.inputs.iter_mut().for_each(|input| this.visit_type_mut(&mut input.ty));
                this.visit_return_type_mut(&mut pointer.output);
            });
        });
    }

    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        arguments: &mut ParenthesizedGenericArguments,
    ) {
        self.inside_signature(|this| {
            visit_mut::visit_parenthesized_generic_arguments_mut(this, arguments);
        });
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        let binder = bound.lifetimes.clone();
        self.with_declared(binder.as_ref(), |this| {
            visit_mut::visit_path_mut(this, &mut bound.path);
        });
    }

    fn visit_where_predicate_mut(&mut self, _: &mut WherePredicate) {}

    // A const expression holds no borrows. Labels of loops in it are `Lifetime`s to syn.
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// Returns the owned form of a borrowed type: what `ToOwned` makes of the common unsized types. Any
/// other type is taken to be `Clone` and its own owned form.
///
/// ```text
/// // Input:
/// [T]
/// // Output:
/// Vec<T>
/// ```
fn owned_form(borrowed: &Type) -> Type {
    match peel(borrowed) {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            parse_quote!(Vec<#elem>)
        }
        Type::TraitObject(object) => parse_quote!(Box<#object>),
        Type::Path(path) if path.qself.is_none() => {
            let name = path.path.segments.last().map(|segment| segment.ident.to_string());
            match name.as_deref() {
                Some("str") => parse_quote!(String),
                Some("Path") => parse_quote!(PathBuf),
                Some("OsStr") => parse_quote!(OsString),
                Some("CStr") => parse_quote!(CString),
                _ => borrowed.clone(),
            }
        }
        _ => borrowed.clone(),
    }
}

/// Replaces a `Cow` that borrows by its owned form, and reports the span of its lifetime.
///
/// ```text
/// // Input:
/// Cow<'a, str>
/// // Output:
/// String
/// ```
fn owned_cow(ty: &mut Type, record: impl FnOnce(Span)) {
    let Type::Path(path) = &*ty else { return };
    let Some(last) = path.path.segments.last() else { return };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return };
    let mut arguments = arguments.args.iter();
    if let (Some(GenericArgument::Lifetime(lifetime)), Some(GenericArgument::Type(borrowed)), None) =
        (arguments.next(), arguments.next(), arguments.next())
        && last.ident == "Cow"
        && lifetime.ident != "static"
    {
        record(lifetime.apostrophe);
        *ty = owned_form(borrowed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Borrow, find};

    fn borrow(source: &str) -> Option<Borrow> {
        find(&syn::parse_str(source).unwrap())
    }

    #[track_caller]
    fn becomes(source: &str, expected: &str) {
        assert_eq!(borrow(source).unwrap().owned.as_deref(), Some(expected), "{source}");
    }

    #[test]
    fn owned_forms() {
        becomes("Option<&str>", "Option<String>");
        becomes("(&str, u8)", "(String, u8)");
        becomes("&[&str]", "Vec<String>");
        becomes("HashMap<&'a str, Vec<&std::path::Path>>", "HashMap<String, Vec<PathBuf>>");
        becomes("Cow<'_, str>", "String");
        becomes("Cow<'a, [u8]>", "Vec<u8>");
        becomes("impl Iterator<Item = &str> + Send", "impl Iterator<Item = String> + Send");
        becomes("Option<&dyn Fn(&str) -> u8>", "Option<Box<dyn Fn(&str) -> u8>>");
        becomes("Option<&mut Row>", "Option<Row>");
    }

    #[test]
    fn unknown_owned_forms() {
        for source in [
            "Foo<'a>",
            "Foo<'_>",
            "impl Read + '_",
            "Box<dyn Read + 'a>",
            "fn(&'a str)",
            "impl Fn(&'a str)",
        ] {
            assert!(borrow(source).unwrap().owned.is_none(), "{source}");
        }
    }

    #[test]
    fn no_borrows() {
        for source in [
            "u8",
            "&'static str",
            "Option<&'static str>",
            "Cow<'static, str>",
            "fn(&str) -> &str",
            "for<'a> fn(&'a str) -> &'a str",
            "impl Fn(&str) -> &u8 + 'static",
            "impl for<'a> Parse<&'a str>",
            "Box<dyn for<'a> Fn(&'a str, Foo<'_>) + Send>",
            "[u8; { 'a: loop { break 'a 4 } }]",
        ] {
            assert!(borrow(source).is_none(), "{source}");
        }
    }
}
