//! What is emitted instead of an expansion if there were errors: the errors, and the user's item.
//!
//! The item is kept so that the rest of the program, which refers to it, causes no errors of its
//! own.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Safety, Token};

use crate::errors::Errors;
use crate::parse::function::Function;

/// Keeps an item that is not a function as it was.
///
/// ```text
/// // Input:
/// struct Store;
/// // Output:
/// struct Store;
/// ::core::compile_error! { "`#[unblock]` goes above a function: `#[unblock] fn …`" }
/// ```
pub(crate) fn item(item: impl ToTokens, errors: Errors) -> TokenStream {
    let errors = errors.into_compile_errors();
    quote!(#item #errors)
}

/// Keeps the function, but makes it `async` if it can be, because its callers await it.
///
/// ```text
/// // Input:
/// fn fill(buffer: &mut Vec<u8>) { … }
/// // Output:
/// async fn fill(buffer: &mut Vec<u8>) { … }
/// ::core::compile_error! { "an `&mut` argument cannot go to the pool …" }
/// ```
pub(crate) fn function(mut function: Function, errors: Errors) -> TokenStream {
    let sig = &mut function.sig;
    let can_be_async = sig.constness.is_none() && sig.abi.is_none() && sig.variadic.is_none();
    if can_be_async && sig.asyncness.is_none() {
        sig.asyncness = Some(Token![async](Span::mixed_site()));
    }
    if matches!(sig.safety, Safety::Safe(_)) {
        sig.safety = Safety::Default;
    }
    item(function, errors)
}
