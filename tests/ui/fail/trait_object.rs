use std::fmt::Display;

use unblock_runtime::unblock;

#[unblock]
fn show(value: &dyn Display) -> String {
    value.to_string()
}

async fn caller() {
    let _: String = show(&1).await;
}

fn main() {
    let _ = caller();
}
