use unblock_runtime::unblock;

#[unblock]
async fn load(name: String) -> String {
    name
}

async fn caller() {
    let _: String = load(String::new()).await;
}

fn main() {
    let _ = caller();
}
