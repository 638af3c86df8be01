//! A private type in a public function is reported.

#![deny(private_interfaces)]

mod inner {
    struct Private;

    #[unblock_runtime::unblock]
    pub fn find(_: Private) {}
}

pub use inner::find;

fn main() {}
