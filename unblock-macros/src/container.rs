//! The attribute above an `impl` or a `mod`: it stands for one above each function in there.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ImplItem, Item, ItemImpl, Meta};

use crate::errors::Errors;
use crate::expand::Context;
use crate::parse::function::{Function, is_function};
use crate::parse::options::Options;
use crate::{fallback, function};

/// An `impl` or a `mod`, up to its braces.
struct Container {
    header: TokenStream,
    braces: Group,
    is_impl: bool,
}

/// Annotates each function in a container, or returns `None` for any other item.
///
/// Functions that are `async` or `const` already stay as they are, as do those with
/// `#[unblock(skip)]`. The options of a function's own attribute are added to those of the
/// container, and count instead of them.
pub(crate) fn container(args: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    let Container { header, braces, is_impl } = Container::parse(item)?;
    let mut errors = Errors::default();
    // Mistakes in the options are reported here, once.
    let options = Options::parse(args.clone(), &mut errors);
    if let Some(skip) = &options.skip {
        errors.on(skip, "to leave all of it as it is, leave `#[unblock]` out");
    }
    if let Some(name) = &options.name {
        errors.on(name, "one name would be that of several functions: write it above one of them");
    }
    let context = Context { qualified_self: is_impl.then(|| qualified_self(&header)).flatten() };
    if !errors.is_empty() {
        return Some(fallback::item(item, errors));
    }
    let items = |input: ParseStream<'_>| {
        let mut output = TokenStream::new();
        while !input.is_empty() {
            output.extend(next_item(input, args, is_impl, &context)?);
        }
        Ok(output)
    };
    let items = match items.parse2(braces.stream()) {
        Ok(items) => items,
        Err(error) => {
            errors.add(error);
            return Some(fallback::item(item, errors));
        }
    };
    let mut block = Group::new(Delimiter::Brace, items);
    block.set_span(braces.span());
    Some(quote!(#header #block))
}

impl Container {
    fn parse(item: &TokenStream) -> Option<Self> {
        let mut header: Vec<TokenTree> = item.clone().into_iter().collect();
        let TokenTree::Group(braces) = header.pop()? else { return None };
        if braces.delimiter() != Delimiter::Brace {
            return None;
        }
        let keyword = header.iter().find_map(|token| match token {
            TokenTree::Ident(word) => {
                let word = word.to_string();
                ["impl", "mod", "fn", "trait", "struct", "enum", "union", "macro_rules", "extern"]
                    .contains(&word.as_str())
                    .then_some(word)
            }
            _ => None,
        })?;
        let is_impl = keyword == "impl";
        (is_impl || keyword == "mod").then(|| Self {
            header: header.into_iter().collect(),
            braces,
            is_impl,
        })
    }
}

/// Returns `<Self as Trait>` for the implementation of a trait.
fn qualified_self(header: &TokenStream) -> Option<TokenStream> {
    let block: ItemImpl = syn::parse2(quote!(#header {})).ok()?;
    let (path, _) = block.trait_?;
    Some(quote!(<Self as #path>))
}

/// Reads one item, and annotates it if it is a function that may block.
fn next_item(
    input: ParseStream<'_>,
    args: &TokenStream,
    is_impl: bool,
    context: &Context,
) -> syn::Result<TokenStream> {
    let ahead = input.fork();
    let _: Vec<Attribute> = ahead.call(Attribute::parse_outer)?;
    let _: syn::Visibility = ahead.parse()?;
    if !is_function(&ahead) {
        return Ok(if is_impl {
            input.parse::<ImplItem>()?.into_token_stream()
        } else {
            input.parse::<Item>()?.into_token_stream()
        });
    }
    let mut item = Function::parse_item(input)?;
    let own = item.take_attribute();
    let is_left = item.sig.asyncness.is_some() || item.sig.constness.is_some();
    if own.is_none() && is_left {
        return Ok(item.into_token_stream());
    }
    let mut errors = Errors::default();
    let mut options = Options::parse(args.clone(), &mut Errors::default());
    if let Some(Meta::List(list)) = own.map(|attr| attr.meta) {
        options = Options::parse(list.tokens, &mut errors).or(options);
    }
    if options.skip.is_some() && errors.is_empty() {
        return Ok(item.into_token_stream());
    }
    Ok(function(item, &options, context, errors))
}
