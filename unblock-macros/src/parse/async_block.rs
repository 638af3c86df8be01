//! What `#[async_trait]`, which runs before an attribute on a method, makes of an `async fn`.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    AssocType, GenericArgument, GenericParam, PathArguments, ReturnType, Signature, Token, Type,
    TypeParamBound,
};

use crate::parse::function::Body;

/// The `Box::pin(async move { … })` in a function that returns a boxed future.
///
/// ```text
/// fn find<'life0, 'async_trait>(
///     &'life0 self,
///     id: i64,
/// ) -> Pin<Box<dyn Future<Output = Row> + Send + 'async_trait>>
/// where
///     'life0: 'async_trait,
///     Self: 'async_trait,
/// {
///     Box::pin(async move { let __self = self; let id = id; let __ret: Row = { … }; __ret })
/// }
/// ```
pub(crate) struct AsyncBlock {
    /// What the future gives: `-> Row`.
    pub(crate) output: ReturnType,
    original: Group,
    /// `Box::pin`
    function: Vec<TokenTree>,
    parentheses: Group,
    /// `async move`
    keywords: Vec<TokenTree>,
}

impl AsyncBlock {
    /// Takes a function's body out of its block, if it has one.
    pub(crate) fn split(sig: &Signature, body: Group) -> (Body, Option<Self>) {
        match Self::find(sig, &body) {
            Some((braces, block)) => (Body::Braces(braces), Some(block)),
            None => (Body::Braces(body), None),
        }
    }

    fn find(sig: &Signature, body: &Group) -> Option<(Group, Self)> {
        let is_async_trait = sig.generics.params.iter().any(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => parameter.lifetime.ident == "async_trait",
            _ => false,
        });
        if !is_async_trait {
            return None;
        }
        let output = future_output(&sig.output)?;
        let mut function: Vec<_> = body.stream().into_iter().collect();
        let TokenTree::Group(parentheses) = function.pop()? else { return None };
        if parentheses.delimiter() != Delimiter::Parenthesis {
            return None;
        }
        let mut keywords: Vec<_> = parentheses.stream().into_iter().collect();
        let TokenTree::Group(braces) = keywords.pop()? else { return None };
        if braces.delimiter() != Delimiter::Brace {
            return None;
        }
        Some((braces, Self { output, original: body.clone(), function, parentheses, keywords }))
    }

    /// Returns the block with another body.
    pub(crate) fn with_body(&self, body: TokenStream) -> TokenStream {
        let mut inside: TokenStream = self.keywords.iter().cloned().collect();
        inside.extend([TokenTree::Group(Group::new(Delimiter::Brace, body))]);
        let mut parentheses = Group::new(Delimiter::Parenthesis, inside);
        parentheses.set_span(self.parentheses.span());
        let mut block: TokenStream = self.function.iter().cloned().collect();
        block.extend([TokenTree::Group(parentheses)]);
        block
    }

    /// Returns the body of the function as it was.
    pub(crate) fn original(&self) -> impl ToTokens {
        &self.original
    }
}

/// Returns `-> Row` for `-> Pin<Box<dyn Future<Output = Row> + Send>>`.
fn future_output(output: &ReturnType) -> Option<ReturnType> {
    let ReturnType::Type(arrow, ty) = output else { return None };
    let Type::TraitObject(future) = argument(argument(ty)?)? else { return None };
    let output = future.bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => match &bound.path.segments.last()?.arguments {
            PathArguments::AngleBracketed(arguments) => {
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::AssocType(AssocType { ident, ty, .. })
                        if ident == "Output" =>
                    {
                        Some(ty.clone())
                    }
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    })?;
    Some(ReturnType::Type(<Token![->]>::clone(arrow), Box::new(output)))
}

/// Returns the type `T` of `Box<T>`.
fn argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
