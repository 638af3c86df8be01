//! A method with `&self` has at most 15 arguments more.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store;

impl Store {
    #[unblock]
    fn find(
        &self,
        (_, _): (u8, u8),
        (_, _): (u8, u8), _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
        _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
    ) {
        stringify!(self);
    }
}

fn main() {}
