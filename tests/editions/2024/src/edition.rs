//! What is only in this edition.

use unblock_runtime::unblock;

#[unblock]
fn captures_no_borrow(text: &str) -> impl Iterator<Item = char> + use<> {
    text.chars().collect::<Vec<_>>().into_iter()
}

#[test]
fn an_opaque_type_says_what_it_captures() {
    assert_eq!(crate::block_on(captures_no_borrow("ab")).count(), 2);
}
