//! A public function that nobody can reach is reported.

#![deny(unreachable_pub)]

mod inner {
    #[unblock_runtime::unblock]
    pub fn find() {}
}

fn main() {
    let _ = inner::find();
}
