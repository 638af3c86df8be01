//! What `#[unblock]` accepts, and what it refuses, in which words.
//!
//! `TRYBUILD=overwrite cargo test -p unblock-tests --test ui` writes the expected messages anew;
//! read them before you commit.

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.pass("ui/pass/*.rs");
    tests.compile_fail("ui/fail/*.rs");
}
