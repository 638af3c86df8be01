use unblock_runtime::unblock;

#[derive(Debug)]
struct AppError;

#[unblock(timeout = "2s")]
fn find() -> Result<u64, AppError> {
    Err(AppError)
}

async fn caller() {
    let _: Result<u64, AppError> = find().await;
}

fn main() {
    let _ = caller();
}
