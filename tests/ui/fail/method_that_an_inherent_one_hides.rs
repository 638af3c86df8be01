//! Where a method of the type has the name, the attribute goes above the `impl`.

use unblock_runtime::unblock;

#[derive(Clone)]
struct Store {
    rows: u64,
}

trait Find {
    async fn find(&self) -> u64;
}

impl Store {
    fn find(&self) -> u64 {
        self.rows
    }
}

impl Find for Store {
    #[unblock]
    fn find(&self) -> u64 {
        assert!(self.rows > 0);
        Store::find(self)
    }
}

fn main() {}
