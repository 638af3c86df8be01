use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    pool: u8,
}

impl Store {
    #[unblock(pool = self.pool)]
    fn find(&self) -> u8 {
        self.pool
    }
}

#[unblock(pool = DATABASE)]
fn unknown() {}

async fn caller(store: Store) {
    let _: u8 = store.find().await;
    unknown().await;
}

fn main() {
    let _ = caller(Store { pool: 1 });
}
