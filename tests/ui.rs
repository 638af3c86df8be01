//! What `#[unblock]` accepts, and what it refuses, in which words.
//!
//! `TRYBUILD=overwrite cargo test -p unblock-tests --test ui` writes the expected messages anew;
//! read them before you commit.

use std::fs;
use std::path::Path;

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.pass("ui/pass/*.rs");
    tests.compile_fail("ui/fail/*.rs");
}

#[test]
fn what_an_error_advises_is_among_the_shapes_that_compile() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shapes = fs::read_to_string(tests.join("editions/shapes.rs")).unwrap();
    let mut checked = 0;
    for file in fs::read_dir(tests.join("ui/fail")).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "stderr") {
            let messages = fs::read_to_string(&file).unwrap();
            for code in messages.lines().filter(|line| is_advice(line)).flat_map(advised) {
                assert!(shapes.contains(code), "{} advises `{code}`", file.display());
                checked += 1;
            }
        }
    }
    assert!(checked >= 20, "only {checked} pieces of advice were found in the messages");
}

/// Returns true for a message of the attribute, as the compiler prints it.
fn is_advice(line: &str) -> bool {
    line.starts_with("error: ") || line.trim_start().starts_with("= note: ")
}

/// Returns the code in a message that can be copied as it is: arguments with their types, and what
/// comes after "such as".
fn advised(message: &str) -> Vec<&str> {
    let parts: Vec<_> = message.split('`').collect();
    let mut is_example = false;
    let mut advised = Vec::new();
    for pair in parts.chunks_exact(2) {
        let [text, code] = [pair[0], pair[1]];
        is_example = text.ends_with("such as ") || (is_example && text == " or ");
        let is_argument = code.split_once(": ").is_some_and(|(name, _)| is_name(name));
        if (is_example || is_argument) && !code.contains('…') {
            advised.push(code);
        }
    }
    advised
}

fn is_name(text: &str) -> bool {
    text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}
