use unblock_runtime::unblock;

#[unblock]
struct Store;

#[unblock]
impl Store {
    fn find(&self) {}
}

#[unblock]
mod handlers {}

#[unblock]
trait Find {}

#[unblock]
pub const ANSWER: u8 = 42;

fn main() {
    Store.find();
    let _ = ANSWER;
}
