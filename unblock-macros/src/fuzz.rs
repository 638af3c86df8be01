//! Random changes of real functions: the attribute must accept any tokens, as editors expand it
//! while code is being typed, and what it writes for a function that is one must be one.
//!
//! `UNBLOCK_FUZZ=1000000 cargo test --release -p unblock-macros fuzz` runs a million inputs.

use std::cell::Cell;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use quote::quote;

use crate::attribute;
use crate::golden::annotated_functions;

/// Tokens that matter to the attribute.
const WORDS: &str = "fn async const unsafe extern \"C\" pub ( crate ) self Self mut ref & 'a 'static _ , ; : :: -> \
     = . ! # [ test ] impl dyn Fn ( & str ) -> u8 for < T > where T : Send + use name pool timeout \
     shed detach skip error crate concurrency \"2s\" \"{self}\" 5 1.5 \"\" 0 Option < & str > Cow < \
     '_ , str > Box < dyn Read > Arc < Self > Result < ( ) , Error > { } { return } #![allow(x)] \
     macro_rules mod trait struct gen r#gen __self #[cfg(x)] #[unblock(shed)] #[track_caller] ...";

/// One change of a sequence of tokens, at any depth.
#[derive(Debug, Clone)]
enum Change {
    Remove(usize),
    Double(usize),
    Swap(usize, usize),
    Insert(usize, usize),
    /// Puts the tokens after this one into a group.
    Wrap(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>();
    prop_oneof![
        at.prop_map(Change::Remove),
        at.prop_map(Change::Double),
        (at, at).prop_map(|(a, b)| Change::Swap(a, b)),
        (at, at).prop_map(|(at, word)| Change::Insert(at, word)),
        (at, at).prop_map(|(at, delimiter)| Change::Wrap(at, delimiter)),
    ]
}

#[test]
fn any_tokens_are_accepted_and_functions_stay_functions() {
    let cases =
        std::env::var("UNBLOCK_FUZZ").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000);
    let functions = annotated_functions();
    let words: Vec<TokenTree> = WORDS.parse::<TokenStream>().unwrap().into_iter().collect();
    let inputs = (
        any::<usize>(),
        prop::collection::vec(change(), 0..6),
        prop::collection::vec(change(), 0..3),
    );
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let valid = Cell::new(0_u32);
    runner
        .run(&inputs, |(choice, item_changes, args_changes)| {
            let (args, item) = functions[choice % functions.len()].clone();
            let item = item_changes.iter().fold(item, |item, change| apply(item, change, &words));
            let args = args_changes.iter().fold(args, |args, change| apply(args, change, &words));
            let is_function = parses(&item);
            let output = attribute(args, item);
            if is_function {
                valid.set(valid.get() + 1);
                prop_assert!(parses(&output), "{output}");
            }
            Ok(())
        })
        .unwrap();
    let valid = valid.get();
    assert!(valid > cases / 20, "only {valid} of {cases} inputs were functions");
}

/// Returns true if the tokens are methods, as far as syn can tell.
fn parses(tokens: &TokenStream) -> bool {
    syn::parse2::<syn::File>(quote!(impl Block { #tokens })).is_ok()
        || syn::parse2::<syn::File>(tokens.clone()).is_ok()
}

fn apply(tokens: TokenStream, change: &Change, words: &[TokenTree]) -> TokenStream {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let length = tokens.len();
    let (Change::Remove(at)
    | Change::Double(at)
    | Change::Swap(at, _)
    | Change::Insert(at, _)
    | Change::Wrap(at, _)) = change;
    if length == 0 {
        return match change {
            Change::Insert(_, word) => words[word % words.len()].clone().into(),
            _ => TokenStream::new(),
        };
    }
    let (at, deeper) = (at % length, at / length);
    // Half of the changes in front of a group go into it.
    if let TokenTree::Group(group) = &tokens[at]
        && deeper % 2 == 0
    {
        let inside = match change {
            Change::Remove(_) => Change::Remove(deeper / 2),
            Change::Double(_) => Change::Double(deeper / 2),
            Change::Swap(_, other) => Change::Swap(deeper / 2, *other),
            Change::Insert(_, word) => Change::Insert(deeper / 2, *word),
            Change::Wrap(_, delimiter) => Change::Wrap(deeper / 2, *delimiter),
        };
        let stream = apply(group.stream(), &inside, words);
        tokens[at] = TokenTree::Group(Group::new(group.delimiter(), stream));
        return tokens.into_iter().collect();
    }
    match change {
        Change::Remove(_) => {
            tokens.remove(at);
        }
        Change::Double(_) => tokens.insert(at, tokens[at].clone()),
        Change::Swap(_, other) => tokens.swap(at, other % length),
        Change::Insert(_, word) => tokens.insert(at, words[word % words.len()].clone()),
        Change::Wrap(_, delimiter) => {
            let inside = tokens.split_off(at).into_iter().collect();
            let delimiters =
                [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None];
            tokens.push(TokenTree::Group(Group::new(delimiters[delimiter % 4], inside)));
        }
    }
    tokens.into_iter().collect()
}
