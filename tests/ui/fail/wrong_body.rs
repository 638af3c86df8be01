//! Mistakes in a body are shown in the body, as in a plain function.

use unblock_runtime::unblock;

#[unblock]
fn mismatch(text: &str) -> u64 {
    text
}

#[unblock]
fn early(n: u64) -> u64 {
    if n > 1 {
        return "more";
    }
    n
}

#[unblock]
fn not_unit(n: u64) {
    n
}

#[unblock]
fn question_mark(text: &str) -> u64 {
    text.parse()?
}

#[derive(Clone)]
struct Store;

impl Store {
    #[unblock]
    fn field(&self) -> u64 {
        self.missing
    }
}

async fn caller() {
    let _: u64 = mismatch("").await + early(1).await;
}

fn main() {
    let _ = caller();
}
