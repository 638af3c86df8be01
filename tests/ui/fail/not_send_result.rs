use std::rc::Rc;

use unblock_runtime::unblock;

#[unblock]
fn count(n: u8) -> Rc<u8> {
    Rc::new(n)
}

async fn caller() {
    let _: Rc<u8> = count(1).await;
}

fn main() {
    let _ = caller();
}
