use unblock_runtime::unblock;

#[unblock(timeout = "2s")]
fn number() -> u64 {
    1
}

#[unblock(shed)]
fn nothing() {}

async fn caller() {
    let _: u64 = number().await;
    nothing().await;
}

fn main() {
    let _ = caller();
}
