//! placeholder
mod args;
mod argument;
mod borrow;
mod duration;
mod errors;
mod expand;
mod fallback;
mod format_string;
#[cfg(test)]
mod golden;
mod self_tokens;
mod signature;
mod spelling;
mod validate;

use proc_macro::TokenStream;

/// Placeholder.
#[proc_macro_attribute]
pub fn unblock(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(args.into(), item.into()).into()
}
