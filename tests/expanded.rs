//! What the attribute generates compiles by itself, and raises no lint, were it written by hand.

#![allow(async_fn_in_trait, missing_docs, unreachable_pub, reason = "the modules are examples")]
#![allow(dead_code, reason = "nobody calls them")]
#![allow(
    clippy::needless_lifetimes,
    clippy::redundant_locals,
    clippy::too_many_arguments,
    clippy::toplevel_ref_arg,
    reason = "the functions were written so"
)]
#![allow(
    clippy::no_effect_underscore_binding,
    clippy::used_underscore_binding,
    reason = "the names of arguments are the users'"
)]

macro_rules! expanded {
    ($($name:ident $path:literal)*) => {
        $(
            #[path = $path]
            mod $name;
        )*
    };
}

expanded! {
    arguments "../unblock-macros/tests/expanded/arguments.expanded.rs"
    async_trait "../unblock-macros/tests/expanded/async_trait.expanded.rs"
    containers "../unblock-macros/tests/expanded/containers.expanded.rs"
    free_function "../unblock-macros/tests/expanded/free_function.expanded.rs"
    generics "../unblock-macros/tests/expanded/generics.expanded.rs"
    inner_attributes "../unblock-macros/tests/expanded/inner_attributes.expanded.rs"
    method "../unblock-macros/tests/expanded/method.expanded.rs"
    options "../unblock-macros/tests/expanded/options.expanded.rs"
    receivers "../unblock-macros/tests/expanded/receivers.expanded.rs"
    remote "../unblock-macros/tests/expanded/remote.expanded.rs"
    self_in_body "../unblock-macros/tests/expanded/self_in_body.expanded.rs"
    traits "../unblock-macros/tests/expanded/traits.expanded.rs"
}

#[test]
fn each_expansion_is_compiled_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../unblock-macros/tests/expanded");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".in.rs") || include_str!("expanded.rs").contains(&name), "{name}");
    }
}
