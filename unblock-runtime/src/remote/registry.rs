//! The functions of this program that may run in another process. Each is a static that registers
//! itself before `main`.
//!
//! A function is known on the wire by its id, a hash of its path, its signature and the version of
//! its crate. A program that was built from other sources has other ids for what has changed there,
//! and refuses them instead of guessing.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{Arguments, Reply};
use crate::error::Unportable;
use crate::job::handler::Handler;

/// A function with `#[unblock(remote)]`.
#[derive(Debug)]
pub struct Function {
    handler: &'static Handler,
    path: &'static str,
    id: u64,
    run: fn(&mut Arguments<'_>) -> Result<Reply, Unportable>,
}

/// What a function registers.
#[derive(Debug)]
pub struct Registered(pub &'static Function);

inventory::collect!(Registered);

impl Function {
    /// Describes the function of this path, signature and version of its crate. `run` calls it with
    /// arguments that it reads from a message.
    pub const fn new(
        handler: &'static Handler,
        path: &'static str,
        signature: &'static str,
        version: &'static str,
        run: fn(&mut Arguments<'_>) -> Result<Reply, Unportable>,
    ) -> Self {
        let id = fnv(fnv(fnv(FNV_OFFSET, path), signature), version);
        Self { handler, path, id, run }
    }

    /// Returns the path of the function: `crate::module::function`.
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the handler of the function, which has its name.
    pub(crate) fn handler(&self) -> &'static Handler {
        self.handler.set_path(self.path);
        self.handler
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Calls the function with the arguments of a message.
    pub(crate) fn run(&self, arguments: &[u8]) -> Result<Reply, Unportable> {
        (self.run)(&mut Arguments::new(arguments))
    }
}

/// Returns the function of this id, if the program has it.
pub(crate) fn find(id: u64) -> Option<&'static Function> {
    all().get(&id).copied()
}

/// Returns the ids of all functions of the program, in their order.
pub(crate) fn ids() -> impl Iterator<Item = u64> {
    all().keys().copied()
}

fn all() -> &'static BTreeMap<u64, &'static Function> {
    static ALL: OnceLock<BTreeMap<u64, &'static Function>> = OnceLock::new();
    ALL.get_or_init(|| {
        let functions = inventory::iter::<Registered>.into_iter();
        functions.map(|registered| (registered.0.id, registered.0)).collect()
    })
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// Hashes a text and its end into `hash` (FNV-1a, 64 bits), while the program is compiled.
const fn fnv(mut hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(FNV_PRIME);
        at += 1;
    }
    (hash ^ 0xff).wrapping_mul(FNV_PRIME)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn function(path: &'static str, signature: &'static str, version: &'static str) -> Function {
        static HANDLER: Handler = Handler::new();
        Function::new(&HANDLER, path, signature, version, |_| unreachable!("nobody calls it"))
    }

    #[test]
    fn another_path_signature_or_version_is_another_function() {
        let one = function("a::b", "fn(u8)", "1.0.0").id();
        assert_eq!(one, function("a::b", "fn(u8)", "1.0.0").id());
        assert_ne!(one, function("a::c", "fn(u8)", "1.0.0").id());
        assert_ne!(one, function("a::b", "fn(u16)", "1.0.0").id());
        assert_ne!(one, function("a::b", "fn(u8)", "1.0.1").id());
        assert_ne!(one, function("a::bfn(u8)", "", "1.0.0").id(), "a text ends where it ends");
    }
}
