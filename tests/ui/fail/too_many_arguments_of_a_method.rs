//! A method with `&self` has at most 15 arguments more.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

impl Store {
    #[unblock]
    #[rustfmt::skip]
    fn find(&self, (_, _): (u8, u8), _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {}
}

fn main() {}
