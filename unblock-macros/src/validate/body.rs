//! Rejects a body that would mean something else on a pool.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

use crate::errors::Errors;
use crate::parse::argument;
use crate::parse::function::Function;

/// Adds an error for a call of the function by itself whose result is dropped, and for a lifetime
/// that the job's arguments do not have.
pub(crate) fn check(function: &Function, braces: &Group, errors: &mut Errors) {
    let body = braces.stream();
    let name = &function.sig.ident;
    let has_receiver = function.sig.receiver().is_some();
    // A function or variable inside the body may have the same name.
    let is_other = |before: Option<&TokenTree>, word: &Ident| {
        (word == name && (is_word(before, "fn") || is_word(before, "let"))) || word == "use"
    };
    if !mentions(&body, &is_other) {
        dropped_calls(&body, name, has_receiver, errors);
    }
    // The second call of a method with `&self` chooses lifetimes of its own, and an item in the
    // body may declare one.
    if !function.sig.receiver().is_some_and(argument::is_borrowed_receiver)
        && !mentions(&body, &|_, word| ITEMS.iter().any(|item| word == item))
    {
        for lifetime in function.sig.generics.lifetimes() {
            if let Some(found) = lifetime_in(&body, &lifetime.lifetime.ident) {
                let name = &lifetime.lifetime;
                errors.on(
                    found,
                    format!(
                        "`{name}` is the time for which the caller lends its arguments, and the \
                         job has copies of them: leave the lifetime out"
                    ),
                );
            }
        }
    }
}

const ITEMS: [&str; 6] = ["fn", "impl", "struct", "enum", "trait", "type"];

/// Finds `self.name(…);` and `Self::name(…);`, whose future nobody awaits, and without a receiver
/// also `name(…);`, which in a method is another function.
fn dropped_calls(tokens: &TokenStream, name: &Ident, has_receiver: bool, errors: &mut Errors) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if !is_punct(before(&tokens, at, 1), '!') => {
                dropped_calls(&group.stream(), name, has_receiver, errors);
            }
            TokenTree::Ident(word)
                if word == name
                    && is_group(tokens.get(at + 1))
                    && is_punct(tokens.get(at + 2), ';')
                    && is_statement(&tokens[..at], has_receiver) =>
            {
                errors.on(
                    word,
                    format!(
                        "`{name}` is `async` here too, so this call does nothing: move the body \
                         into a function without `#[unblock]` that calls itself, and call that one \
                         from here; if another function is meant, write its path, as in \
                         `self::{name}`"
                    ),
                );
            }
            _ => {}
        }
    }
}

/// Returns true if a statement begins before `self.` or `Self::`, or here.
fn is_statement(before: &[TokenTree], has_receiver: bool) -> bool {
    let start = match before {
        [start @ .., TokenTree::Ident(this), TokenTree::Punct(dot)]
            if this == "self" && dot.as_char() == '.' =>
        {
            start
        }
        [start @ .., TokenTree::Ident(this), TokenTree::Punct(a), TokenTree::Punct(b)]
            if this == "Self" && a.as_char() == ':' && b.as_char() == ':' =>
        {
            start
        }
        _ if has_receiver => return false,
        all => all,
    };
    match start.last() {
        None => true,
        Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        _ => false,
    }
}

/// Returns the first use of a lifetime, unless it is the label of a loop or a `for<'a>`.
fn lifetime_in(tokens: &TokenStream, name: &Ident) -> Option<Ident> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().find_map(|(at, token)| match token {
        TokenTree::Group(group) => lifetime_in(&group.stream(), name),
        TokenTree::Ident(word) if word == name && is_punct(before(&tokens, at, 1), '\'') => {
            let is_label = is_punct(tokens.get(at + 1), ':')
                || is_word(before(&tokens, at, 2), "break")
                || is_word(before(&tokens, at, 2), "continue");
            let is_binder =
                is_punct(before(&tokens, at, 2), '<') && is_word(before(&tokens, at, 3), "for");
            (!is_label && !is_binder).then(|| word.clone())
        }
        _ => None,
    })
}

fn mentions(tokens: &TokenStream, wanted: &impl Fn(Option<&TokenTree>, &Ident) -> bool) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(word) => wanted(before(&tokens, at, 1), word),
        TokenTree::Group(group) => mentions(&group.stream(), wanted),
        _ => false,
    })
}

fn before(tokens: &[TokenTree], at: usize, distance: usize) -> Option<&TokenTree> {
    at.checked_sub(distance).and_then(|at| tokens.get(at))
}

fn is_word(token: Option<&TokenTree>, wanted: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == wanted)
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_group(token: Option<&TokenTree>) -> bool {
    matches!(
        token,
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
    )
}
