//! A response may be written on its loop only: its writer is not `Send`, and does not get into a
//! body.

use std::cell::RefCell;
use std::rc::Rc;

use unblock_runtime::unblock;

#[derive(Clone, Default)]
struct Writer {
    buffer: Rc<RefCell<Vec<u8>>>,
}

impl Writer {
    fn write(&self, text: &str) {
        self.buffer.borrow_mut().extend_from_slice(text.as_bytes());
    }
}

#[unblock]
fn handler(seconds: u64, writer: Writer) {
    writer.write(&format!("slept {seconds} s"));
}

async fn request() {
    handler(1, Writer::default()).await;
}

fn main() {
    let _ = request();
}
