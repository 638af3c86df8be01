//! An attribute that makes a function `async` and nothing else: what `#[unblock]` is compared with.

use proc_macro::{Ident, TokenStream, TokenTree};

/// Writes `async` before `fn`.
#[proc_macro_attribute]
pub fn unblock(_: TokenStream, item: TokenStream) -> TokenStream {
    let mut is_first = true;
    item.into_iter()
        .flat_map(|token| {
            let is_fn = matches!(&token, TokenTree::Ident(word) if word.to_string() == "fn");
            let keyword = (is_fn && std::mem::take(&mut is_first))
                .then(|| TokenTree::Ident(Ident::new("async", token.span())));
            keyword.into_iter().chain([token])
        })
        .collect()
}
