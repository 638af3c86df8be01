//! The function below the attribute: its signature is parsed, its body stays tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Ident, LitStr, ReturnType, Signature, Token, Visibility};

use crate::errors::Errors;
use crate::parse::async_block::AsyncBlock;

/// A free function, an associated function or a method.
///
/// The body is not parsed: rustc parses it anyway, syn may not know the newest syntax, and while a
/// body is being typed an editor should still complete the rest.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
    /// The block around the body, if `#[async_trait]` made the function out of an `async fn`.
    pub(crate) async_block: Option<AsyncBlock>,
}

/// The body of a function, or the lack of one.
pub(crate) enum Body {
    /// `{ … }`
    Braces(Group),
    /// `;`, as in a required method of a trait.
    Missing(Token![;]),
}

impl Function {
    /// Reads the function, or adds an error and returns `None`.
    pub(crate) fn parse(item: &TokenStream, errors: &mut Errors) -> Option<Self> {
        Self::parse_item.parse2(item.clone()).map_err(|error| errors.add(error)).ok()
    }

    /// Reads a function from the front of the input.
    pub(crate) fn parse_item(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if !is_function(input) {
            return Err(not_a_function(input));
        }
        let sig: Signature = input.parse()?;
        let body = input.parse()?;
        let (body, async_block) = match body {
            Body::Braces(braces) => AsyncBlock::split(&sig, braces),
            Body::Missing(_) => (body, None),
        };
        Ok(Function { attrs, vis, sig, body, async_block })
    }

    /// Takes an `#[unblock]` or `#[unblock_runtime::unblock]` away from the function.
    pub(crate) fn take_attribute(&mut self) -> Option<Attribute> {
        let is_unblock = |attr: &Attribute| {
            attr.path().segments.last().is_some_and(|last| last.ident == "unblock")
        };
        self.attrs.iter().position(is_unblock).map(|at| self.attrs.remove(at))
    }

    /// Returns what the body returns.
    pub(crate) fn output(&self) -> &ReturnType {
        match &self.async_block {
            Some(async_block) => &async_block.output,
            None => &self.sig.output,
        }
    }
}

impl Parse for Body {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![;]) {
            return Ok(Body::Missing(input.parse()?));
        }
        let token: TokenTree = input.parse()?;
        braces(&token)
            .map(Body::Braces)
            .ok_or_else(|| syn::Error::new(token.span(), "expected the function's body: `{ … }`"))
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attrs, vis, sig, body, async_block } = self;
        for attr in attrs {
            attr.to_tokens(tokens);
        }
        vis.to_tokens(tokens);
        sig.to_tokens(tokens);
        match async_block {
            Some(async_block) => async_block.original().to_tokens(tokens),
            None => body.to_tokens(tokens),
        }
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Body::Braces(group) => group.to_tokens(tokens),
            Body::Missing(semicolon) => semicolon.to_tokens(tokens),
        }
    }
}

/// Returns the braces, also from inside the invisible group that `macro_rules!` puts around
/// `$body:block`.
fn braces(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => braces(&group.stream().into_iter().next()?),
        _ => None,
    }
}

/// Returns true if the next tokens are qualifiers such as `const`, followed by `fn`.
pub(crate) fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while !ahead.peek(Token![fn]) {
        let qualifier = ["const", "async", "unsafe", "safe", "extern"];
        match ahead.call(Ident::parse_any) {
            Ok(word) if qualifier.iter().any(|known| word == known) => {
                if word == "extern" && ahead.peek(LitStr) && ahead.parse::<LitStr>().is_err() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

/// Returns the error for an item that is not a function, with advice for the common cases.
fn not_a_function(input: ParseStream<'_>) -> syn::Error {
    let word = input.fork().call(Ident::parse_any).map(|word| word.to_string());
    let advice = match word.as_deref() {
        Ok("trait") => {
            ": put it above each function in here that has a body, and above those in the \
             implementations"
        }
        Ok("let") => ": closures have no attribute; hand one to `Pool::submit`",
        _ => ": `#[unblock] fn …`",
    };
    input.error(format!("`#[unblock]` goes above a function, an `impl` or a `mod`{advice}"))
}
