//! Golden expansions: each `tests/expanded/NAME.in.rs` must expand to `NAME.expanded.rs`.
//!
//! `UNBLOCK_BLESS=1 cargo test -p unblock-macros golden` rewrites them, so that a reviewer sees in
//! the diff what a change does to the users' code.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, File, ImplItem, Item, Meta, TraitItem};

use crate::attribute;

#[test]
fn golden_expansions() {
    let bless = std::env::var_os("UNBLOCK_BLESS").is_some();
    let mut different = Vec::new();
    for input in inputs() {
        let expanded = expand_file(&fs::read_to_string(&input).unwrap());
        let golden = input.with_file_name(
            input.file_name().unwrap().to_str().unwrap().replace(".in.rs", ".expanded.rs"),
        );
        if bless {
            fs::write(&golden, expanded).unwrap();
        } else if fs::read_to_string(&golden).ok().as_deref() != Some(&expanded) {
            different.push(format!("{}: the macro now expands to\n{expanded}", golden.display()));
        }
    }
    assert!(
        different.is_empty(),
        "{}\nif this is intended, run with UNBLOCK_BLESS=1",
        different.join("\n")
    );
}

/// Returns the options and the function of each annotated function of the goldens.
pub(crate) fn annotated_functions() -> Vec<(TokenStream, TokenStream)> {
    let found = RefCell::new(Vec::new());
    for input in inputs() {
        let mut file: File = syn::parse_str(&fs::read_to_string(input).unwrap()).unwrap();
        let collect = |args: TokenStream, item: TokenStream| {
            found.borrow_mut().push((args, item.clone()));
            item
        };
        file.items.iter_mut().for_each(|item| expand_item(item, &collect));
    }
    found.into_inner()
}

/// Editors expand the attribute while the code is being typed, so it must accept any tokens.
#[test]
fn half_typed_code_does_not_panic() {
    let sources = inputs().into_iter().map(|input| fs::read_to_string(input).unwrap());
    for source in sources
        .chain(["#[unblock] fn f(&self, x: &".to_owned(), "#[unblock(pool = )] fn f();".to_owned()])
    {
        let Ok(tokens) = source.parse::<TokenStream>() else { continue };
        let tokens: Vec<_> = tokens.into_iter().collect();
        for length in 0..tokens.len().min(60) {
            let part: TokenStream = tokens[..length].iter().cloned().collect();
            attribute(part.clone(), part.clone());
            attribute(TokenStream::new(), part);
        }
    }
}

/// Checks this here, because a compile test cannot define a variadic function in stable Rust.
#[test]
fn variadic_functions_are_refused() {
    let item: TokenStream = "extern \"C\" fn log(count: usize, rest: ...) {}".parse().unwrap();
    let expanded = attribute(TokenStream::new(), item).to_string();
    assert!(expanded.starts_with("extern \"C\" fn log"), "{expanded}");
    assert!(expanded.contains("a variadic function cannot be `async`"), "{expanded}");
}

fn inputs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expanded");
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(".in.rs"))
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty());
    inputs
}

fn expand_file(source: &str) -> String {
    let mut file: File = syn::parse_str(source).unwrap();
    file.items.iter_mut().for_each(|item| expand_item(item, &attribute));
    prettyplease::unparse(&file)
}

/// What is done with an attribute's arguments and its item.
type Expand<'a> = &'a dyn Fn(TokenStream, TokenStream) -> TokenStream;

/// Removes the attribute from an item and replaces the item by its expansion, as the compiler does.
fn expand_item(item: &mut Item, expand: Expand<'_>) {
    match item {
        Item::Fn(function) => {
            if let Some(args) = take_attribute(&mut function.attrs) {
                *item = syn::parse2(expand(args, function.to_token_stream())).unwrap();
            }
        }
        Item::Impl(block) => {
            if let Some(args) = take_attribute(&mut block.attrs) {
                *item = syn::parse2(expand(args, block.to_token_stream())).unwrap();
                return;
            }
            for item in &mut block.items {
                if let ImplItem::Fn(method) = item
                    && let Some(args) = take_attribute(&mut method.attrs)
                {
                    *item = syn::parse2(expand(args, method.to_token_stream())).unwrap();
                }
            }
        }
        Item::Trait(definition) => {
            for item in &mut definition.items {
                if let TraitItem::Fn(method) = item
                    && let Some(args) = take_attribute(&mut method.attrs)
                {
                    *item = syn::parse2(expand(args, method.to_token_stream())).unwrap();
                }
            }
        }
        Item::Mod(module) => {
            if let Some(args) = take_attribute(&mut module.attrs) {
                *item = syn::parse2(expand(args, module.to_token_stream())).unwrap();
            }
        }
        _ => {}
    }
}

/// Takes the attribute away, and returns its arguments.
fn take_attribute(attrs: &mut Vec<Attribute>) -> Option<TokenStream> {
    let index = attrs.iter().position(|attr| attr.path().is_ident("unblock"))?;
    Some(match attrs.remove(index).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    })
}
