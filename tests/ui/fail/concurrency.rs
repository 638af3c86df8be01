use unblock_runtime::unblock;

#[unblock(concurrency)]
fn missing() {}

#[unblock(concurrency = 0)]
fn zero() {}

#[unblock(concurrency = "4")]
fn text() {}

#[unblock(concurrency = -1)]
fn negative() {}

#[unblock(concurrencies = 4)]
fn typo() {}

const NONE: u32 = 0;

#[unblock(concurrency = NONE)]
fn constant_zero() {}

async fn caller() {
    missing().await;
    zero().await;
    text().await;
    negative().await;
    typo().await;
    constant_zero().await;
}

fn main() {
    let _ = caller();
}
