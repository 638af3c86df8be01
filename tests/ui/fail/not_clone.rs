use std::sync::Mutex;

use unblock_runtime::unblock;

struct Store {
    rows: Mutex<Vec<u64>>,
}

impl Store {
    #[unblock]
    fn count(&self) -> usize {
        self.rows.lock().unwrap().len()
    }
}

#[unblock]
fn count(store: &Store) -> usize {
    store.rows.lock().unwrap().len()
}

async fn caller(store: Store) {
    let _: usize = store.count().await;
    let _: usize = count(&store).await;
}

fn main() {
    let _ = caller(Store { rows: Mutex::default() });
}
