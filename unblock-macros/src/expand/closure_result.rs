//! What a closure that is the result of a function is checked against.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{ReturnType, Type, TypeParamBound};

use crate::parse::borrow;
use crate::parse::function::Function;
use crate::span::at;

/// Types that every program may name alike.
pub(crate) const COMMON_TYPES: [&str; 27] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64", "String", "Vec", "Option", "Result", "Box", "Fn", "FnMut",
    "FnOnce", "Send", "Sync",
];

/// Tells the compiler what the result of a job is, where it is `impl Fn…`: the types of a closure's
/// arguments follow from that.
///
/// The type of a closure's result cannot be `impl Trait`, but that of a function that takes the
/// closure can be a type parameter with the same bounds. Such a function sees only the type
/// parameters of its own, so this is left out where the bounds name other types than the common
/// ones; then the user writes the types of the arguments.
///
/// ```text
/// // Input:
/// -> impl Fn(&str) -> usize
/// // Output:
/// {
///     fn __returns<__R: Fn(&str) -> usize, __F: FnOnce() -> __R>(job: __F) -> __F { job }
///     __returns(JOB)
/// }
/// ```
pub(crate) fn closure_result(function: &Function, job: TokenStream) -> TokenStream {
    let ReturnType::Type(_, ty) = function.output() else { return job };
    let Type::ImplTrait(opaque) = borrow::peel(ty) else { return job };
    let bounds: Vec<_> = opaque
        .bounds
        .iter()
        .filter(|bound| matches!(bound, TypeParamBound::Trait(_) | TypeParamBound::Lifetime(_)))
        .collect();
    let is_closure =
        bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| {
                ["Fn", "FnMut", "FnOnce"].iter().any(|name| last.ident == name)
            }),
            _ => false,
        });
    if !is_closure || !bounds.iter().all(names_only_common_types) {
        return job;
    }
    let span = at(opaque.impl_token.span);
    quote_spanned! {span=>
        {
            fn __returns<__R: #(#bounds)+*, __F: ::core::ops::FnOnce() -> __R>(job: __F) -> __F {
                job
            }
            __returns(#job)
        }
    }
}

/// Returns true if each name in the code is that of a common type, or of a lifetime.
fn names_only_common_types(code: impl ToTokens) -> bool {
    fn all(tokens: TokenStream) -> bool {
        let mut apostrophe = false;
        tokens.into_iter().all(|token| {
            let after_apostrophe = std::mem::take(&mut apostrophe);
            match token {
                TokenTree::Ident(word) => {
                    after_apostrophe
                        || word == "for"
                        || COMMON_TYPES.iter().any(|name| word == name)
                }
                TokenTree::Group(group) => all(group.stream()),
                TokenTree::Punct(punct) => {
                    apostrophe = punct.as_char() == '\'';
                    true
                }
                TokenTree::Literal(_) => true,
            }
        })
    }
    all(code.to_token_stream())
}
