//! A response may be written on its loop only: its writer is not `Send`, and is used after the
//! await.

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
fn handler(seconds: u64) -> String {
    format!("slept {seconds} s")
}

async fn request(writer: Writer) {
    let answer = handler(1).await;
    writer.write(&answer);
}

fn main() {
    let writer = Writer::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(request(writer.clone()));
    assert_eq!(*writer.buffer.borrow(), b"slept 1 s");
}
