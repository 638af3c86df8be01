//! Renames `self` in a body to `__self`, because a closure can have no variable named `self`.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::expand::format_string;

/// Returns the variable that stands for `self`, with the span of the `self` that it replaces.
///
/// The span carries the hygiene: in a method that a `macro_rules!` wrote, the binding and its uses
/// resolve to each other exactly if the original tokens did.
pub(crate) fn ident(span: Span) -> Ident {
    Ident::new("__self", span)
}

/// Renames every `self` that refers to the receiver.
///
/// ```text
/// // Input:
/// let n = self.count; println!("{self:?} {}", self.name); use self::helper;
/// // Output:
/// let n = __self.count; println!("{__self:?} {}", __self.name); use self::helper;
/// ```
///
/// The body is not parsed, so this works on tokens. It skips paths (`self::x`), `use` trees,
/// `pub(self)`, and the bodies of nested `impl` and `trait` items, which have their own receivers.
pub(crate) fn rename(body: TokenStream) -> TokenStream {
    renamed(&body, None).unwrap_or(body)
}

/// Returns the renamed tokens, or `None` if nothing was renamed: the caller then keeps the original
/// groups, whose spans would be lost in a copy.
///
/// `called_macro` is the name of the macro whose arguments the tokens are, if they are.
fn renamed(tokens: &TokenStream, called_macro: Option<&str>) -> Option<TokenStream> {
    let mut tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let format_strings =
        called_macro.map_or_else(Vec::new, |name| format_string::positions(name, &tokens));
    let mut nested = NestedItem::default();
    let mut changed = false;
    let mut at = 0;
    while at < tokens.len() {
        nested.advance(&tokens, at);
        let replacement = match &tokens[at] {
            TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                at = end_of_statement(&tokens, at);
                None
            }
            TokenTree::Ident(word)
                if word == "pub" && is_group(tokens.get(at + 1), Delimiter::Parenthesis) =>
            {
                at += 1;
                None
            }
            TokenTree::Ident(word) if word == "self" && !is_path(&tokens[at + 1..]) => {
                Some(TokenTree::Ident(ident(word.span())))
            }
            TokenTree::Group(group) if !nested.is_body(group) => {
                let name = macro_name(&tokens[..at]);
                renamed(&group.stream(), name.as_deref()).map(|stream| {
                    let mut renamed = Group::new(group.delimiter(), stream);
                    renamed.set_span(group.span());
                    TokenTree::Group(renamed)
                })
            }
            TokenTree::Literal(literal) if format_strings.contains(&at) => {
                format_string::rename_self(literal).map(TokenTree::Literal)
            }
            _ => None,
        };
        if let Some(replacement) = replacement {
            tokens[at] = replacement;
            changed = true;
        }
        at += 1;
    }
    changed.then(|| tokens.into_iter().collect())
}

/// Returns true if the tokens after `self` make it a path: `self::x`.
fn is_path(after: &[TokenTree]) -> bool {
    is_punct(after.first(), ':') && is_punct(after.get(1), ':')
}

fn end_of_statement(tokens: &[TokenTree], start: usize) -> usize {
    tokens[start..]
        .iter()
        .position(|token| is_punct(Some(token), ';'))
        .map_or(tokens.len(), |offset| start + offset)
}

/// Returns the name of the macro whose arguments the next token is: `name` in `name!(…)`.
fn macro_name(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(name), TokenTree::Punct(bang)] if bang.as_char() == '!' => {
            Some(name.to_string())
        }
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_group(token: Option<&TokenTree>, wanted: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == wanted)
}

/// Recognizes the body of a nested `impl … { }` or `trait … { }`, which has its own receivers.
#[derive(Default)]
struct NestedItem {
    /// Number of `<` that are open between the keyword and the body; `None` outside of that part.
    /// Braces inside angle brackets are const arguments, not the body.
    angles: Option<usize>,
}

impl NestedItem {
    fn advance(&mut self, tokens: &[TokenTree], at: usize) {
        match (&tokens[at], self.angles) {
            (TokenTree::Ident(word), None) if word == "impl" || word == "trait" => {
                self.angles = Some(0);
            }
            (TokenTree::Punct(punct), Some(open)) => match punct.as_char() {
                ';' => self.angles = None,
                '<' => self.angles = Some(open + 1),
                // The `>` of `->` closes nothing.
                '>' if at == 0 || !is_punct(tokens.get(at - 1), '-') => {
                    self.angles = Some(open.saturating_sub(1));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn is_body(&mut self, group: &Group) -> bool {
        let is_body = group.delimiter() == Delimiter::Brace && self.angles == Some(0);
        if is_body {
            self.angles = None;
        }
        is_body
    }
}
