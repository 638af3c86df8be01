//! A public function without documentation is reported.

#![deny(missing_docs)]

/// A module.
pub mod inner {
    #[unblock_runtime::unblock]
    pub fn find() {}
}

fn main() {}
