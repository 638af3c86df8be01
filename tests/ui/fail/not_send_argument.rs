use std::rc::Rc;

use unblock_runtime::unblock;

#[unblock]
fn by_value(n: u8, shared: Rc<Vec<u8>>) -> usize {
    shared.len() + usize::from(n)
}

#[unblock]
fn by_reference(n: u8, shared: &Rc<Vec<u8>>) -> usize {
    shared.len() + usize::from(n)
}

#[unblock]
fn pattern(n: u8, (shared, _): (Rc<Vec<u8>>, u8)) -> usize {
    shared.len() + usize::from(n)
}

#[unblock]
fn generic<T: Into<String>>(text: T) -> String {
    text.into()
}

#[derive(Clone)]
struct Local(Rc<u8>);

impl Local {
    #[unblock]
    fn receiver(&self) -> u8 {
        *self.0
    }
}

fn main() {}
