//! The receiver borrows nothing.

use unblock_runtime::unblock;

#[derive(Clone)]
struct View<'a>(&'a [u8]);

impl<'a> View<'a> {
    #[unblock]
    fn length(&self) -> usize {
        self.0.len()
    }
}

fn main() {}
