//! A name for the copy of `self` in bodies where nobody can see the name.
//!
//! The job of such a body need not [call its method again](mod@crate::expand::reentry), which takes
//! more code and may not be possible in the implementation of a trait: `Self::method` may not be
//! found or be ambiguous there, as the trait need not be in scope, and another trait or the type
//! may have a method of that name.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::parse::function::Function;

/// Words after which `self` is, or may be, something else than the receiver.
const OTHER_SELF: [&str; 5] = ["impl", "trait", "use", "pub", "macro_rules"];

/// Returns the name, which the user's code cannot see.
pub(crate) fn name(span: Span) -> Ident {
    Ident::new("copy_of_self", Span::mixed_site().located_at(span))
}

/// Returns the body with that name for `self`, unless the body could tell the difference: a macro
/// can show the tokens that it gets, an item in the body may have a `self` of its own, and a body
/// may name the lifetime of `self`.
///
/// ```text
/// // Input:
/// { self.rows + 1 }
/// // Output:
/// { copy_of_self.rows + 1 }
/// ```
pub(crate) fn renamed(function: &Function, body: &Group) -> Option<Group> {
    if function.sig.generics.lifetimes().next().is_some() {
        return None;
    }
    let mut renamed = Group::new(Delimiter::Brace, rename(body.stream())?);
    renamed.set_span(body.span());
    Some(renamed)
}

/// Renames each `self`, or returns `None` if that could be seen.
fn rename(tokens: TokenStream) -> Option<TokenStream> {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for at in 0..tokens.len() {
        let renamed = match &tokens[at] {
            TokenTree::Ident(word) if OTHER_SELF.iter().any(|other| word == other) => return None,
            TokenTree::Ident(word) if word == "self" => {
                if is_punct(tokens.get(at + 1), ':') && is_punct(tokens.get(at + 2), ':') {
                    return None;
                }
                TokenTree::Ident(name(word.span()))
            }
            TokenTree::Group(group) => {
                let is_macro = at > 0 && is_punct(tokens.get(at - 1), '!');
                if is_macro && mentions_self(group.stream()) {
                    return None;
                }
                if is_macro {
                    continue;
                }
                let mut renamed = Group::new(group.delimiter(), rename(group.stream())?);
                renamed.set_span(group.span());
                TokenTree::Group(renamed)
            }
            _ => continue,
        };
        tokens[at] = renamed;
    }
    Some(tokens.into_iter().collect())
}

/// Returns true if the arguments of a macro have a `self`, also inside of a literal, which may be a
/// format string.
fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        TokenTree::Literal(literal) => literal.to_string().contains("self"),
        TokenTree::Punct(_) => false,
    })
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}
