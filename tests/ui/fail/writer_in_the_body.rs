//! What must stay on the loop is for after the `.await`.

use std::cell::RefCell;
use std::rc::Rc;

use unblock_runtime::unblock;

#[derive(Clone)]
struct Writer(Rc<RefCell<Vec<u8>>>);

#[unblock]
fn handler(writer: Writer) {
    writer.0.borrow_mut().push(1);
}

fn main() {}
