//! Writes a type in an error message as a person would write it in source code.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;

/// Returns a type as a person would write it: `Option<String>`, not `Option < String >`.
pub(crate) fn text(code: impl ToTokens) -> String {
    let mut text = String::new();
    write_tokens(code.to_token_stream(), &mut text);
    text
}

/// Appends tokens to `text`, with spaces where rustfmt would put them in a type.
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
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
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
