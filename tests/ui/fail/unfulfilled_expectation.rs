//! An expectation of a lint that does not come is reported.

#![deny(unfulfilled_lint_expectations)]

use unblock_runtime::unblock;

#[expect(dead_code)]
#[unblock]
fn used() {}

fn main() {
    let _ = used();
}
