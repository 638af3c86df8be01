//! The public API, with all features, is what the packages' `api.txt` lists.
//!
//! `UNBLOCK_BLESS=1 cargo test -p unblock-tests --test api` rewrites the lists, so that a review
//! shows what a change does to the API.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Traits that the lists leave out, because nobody relies on them for our types. `Send`, `Sync` and
/// `Unpin` stay: losing one of them is a breaking change that no signature shows.
const TRAITS_LEFT_OUT: [&str; 5] = [
    "core::marker::Freeze for",
    "core::marker::StructuralPartialEq for",
    "core::marker::UnsafeUnpin for",
    "core::panic::unwind_safe::RefUnwindSafe for",
    "core::panic::unwind_safe::UnwindSafe for",
];

#[test]
fn unblock_runtime() {
    check("unblock-runtime");
}

#[test]
fn unblock_macros() {
    check("unblock-macros");
}

fn check(package: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let list = workspace.join(package).join("api.txt");
    let now = public_items(&rustdoc_json(workspace, package));
    if std::env::var_os("UNBLOCK_BLESS").is_some() {
        fs::write(&list, now).unwrap();
        return;
    }
    let listed = fs::read_to_string(&list).unwrap_or_default();
    let removed = lines_without(&listed, &now, "-");
    let added = lines_without(&now, &listed, "+");
    assert!(
        listed == now,
        "{} is not the public API any more:\n{removed}{added}\
         if this is intended, run with UNBLOCK_BLESS=1 and read CONTRIBUTING.md",
        list.display()
    );
}

/// Runs rustdoc and returns the path of its JSON file.
fn rustdoc_json(workspace: &Path, package: &str) -> PathBuf {
    // A target folder of its own: with `RUSTC_BOOTSTRAP` some dependencies are built differently.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("api");
    let output = Command::new(env!("CARGO"))
        .args(["rustdoc", "--locked", "--all-features", "--lib", "-p", package, "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .current_dir(workspace)
        // rustdoc's JSON is unstable; this lets a stable toolchain write it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTDOCFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target.join("doc").join(package.replace('-', "_")).with_extension("json")
}

fn public_items(rustdoc_json: &Path) -> String {
    let api = public_api::Builder::from_rustdoc_json(rustdoc_json)
        .omit_blanket_impls(true)
        .build()
        .expect("another version of `public-api` is needed for the JSON of this toolchain");
    let items = api.items().map(|item| item.to_string() + "\n");
    items.filter(|item| !TRAITS_LEFT_OUT.iter().any(|left_out| item.contains(left_out))).collect()
}

/// Returns the lines of `text` that are not in `other`, each behind a sign.
fn lines_without(text: &str, other: &str, sign: &str) -> String {
    let other: HashSet<_> = other.lines().collect();
    let lines = text.lines().filter(|line| !other.contains(line));
    lines.flat_map(|line| [sign, " ", line, "\n"]).collect()
}
