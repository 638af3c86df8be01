//! Types that borrow: where they do, and what an owned type in their place would be.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    BoundLifetimes, Expr, GenericArgument, Ident, Lifetime, ParenthesizedGenericArguments,
    PathArguments, TraitBound, Type, TypeFnPtr, TypeReference, WherePredicate, parse_quote,
};

/// What a type borrows.
pub(crate) struct Borrow {
    /// The first `&` or lifetime.
    pub(crate) span: Span,
    /// The same type without borrows, as the user would write it, when that can be told from the tokens.
    pub(crate) owned: Option<String>,
}

/// Whether a value of this type may borrow from something: a reference or a lifetime other than `'static`.
///
/// A lifetime that is left out, as in `Guard` for `Guard<'_>`, cannot be seen here; the compiler finds those.
pub(crate) fn find(ty: &Type) -> Option<Borrow> {
    let mut owned = ty.clone();
    let mut borrows = MakeOwned::default();
    borrows.visit_type_mut(&mut owned);
    let span = borrows.first?;
    Some(Borrow { span, owned: (!borrows.unknown).then(|| to_source(&owned)) })
}

/// A shared reference whose referent lives as long as somebody holds the other end, and so has to be copied for the job:
/// `&T`, and not `&'static T`.
pub(crate) fn shared_reference(ty: &Type) -> Option<&TypeReference> {
    match peel(ty) {
        Type::Reference(reference) if !is_static(reference) && reference.mutability.is_none() => {
            Some(reference)
        }
        _ => None,
    }
}

/// `&mut T`, and not `&'static mut T`.
pub(crate) fn exclusive_reference(ty: &Type) -> Option<&TypeReference> {
    match peel(ty) {
        Type::Reference(reference) if !is_static(reference) && reference.mutability.is_some() => {
            Some(reference)
        }
        _ => None,
    }
}

/// The type without the parentheses around it, and the invisible ones that a `macro_rules!` puts around `$ty:ty`.
pub(crate) fn peel(mut ty: &Type) -> &Type {
    loop {
        match ty {
            Type::Group(group) => ty = &group.elem,
            Type::Paren(paren) => ty = &paren.elem,
            _ => return ty,
        }
    }
}

/// A type as one would write it: `Option<String>` instead of `Option < String >`.
pub(crate) fn to_source(code: impl ToTokens) -> String {
    let mut text = String::new();
    write_tokens(code.to_token_stream(), &mut text);
    text
}

fn is_static(reference: &TypeReference) -> bool {
    reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
}

/// Replaces borrows by what owns, and remembers where it began and whether it could.
#[derive(Default)]
struct MakeOwned {
    first: Option<Span>,
    /// A borrow had no known owned form: `Foo<'a>`.
    unknown: bool,
    /// Inside `fn(&str)` and `Fn(&str)` a reference without a name is whatever the caller passes.
    elided_is_allowed: bool,
    /// Lifetimes that a `for<'a>` around declares.
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
        // What a caller passes to a `fn(&'a str)` cannot become owned by writing another type here.
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
            visit_mut::visit_parenthesized_generic_arguments_mut(this, arguments)
        });
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        let binder = bound.lifetimes.clone();
        self.with_declared(binder.as_ref(), |this| {
            visit_mut::visit_path_mut(this, &mut bound.path)
        });
    }

    fn visit_where_predicate_mut(&mut self, _: &mut WherePredicate) {}

    // A const expression has loops' labels at most, which look like lifetimes.
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// What `ToOwned` makes of the common unsized types; anything else is `Clone`, and stays.
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

/// `Cow<'a, str>` is `String` when it owns.
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

/// Writes tokens with the spaces that rustfmt would leave in a type.
fn write_tokens(tokens: TokenStream, text: &mut String) {
    let mut previous_is_word = false;
    for token in tokens {
        let is_word = matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_));
        if is_word && (previous_is_word || text.ends_with("->")) {
            text.push(' ');
        }
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Brace => ("{ ", " }"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write_tokens(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                mark @ (',' | ';') => text.extend([mark, ' ']),
                mark @ ('+' | '=') => text.extend([' ', mark, ' ']),
                '-' => text.push_str(" -"),
                mark => text.push(mark),
            },
            word => text.push_str(&word.to_string()),
        }
        previous_is_word = is_word;
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
