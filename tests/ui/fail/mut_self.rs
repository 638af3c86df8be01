use std::pin::Pin;

use unblock_runtime::unblock;

#[derive(Clone)]
struct Counter(u64);

impl Counter {
    #[unblock]
    fn bump(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[unblock]
    fn typed(self: &mut Self) {
        self.0 += 1;
    }

    #[unblock]
    fn pinned(self: Pin<&mut Self>) {
        println!("{}", self.0);
    }
}

async fn caller(counter: &mut Counter) {
    let _: u64 = counter.bump().await;
    counter.typed().await;
    Pin::new(counter).pinned().await;
}

fn main() {
    let _ = caller(&mut Counter(1));
}
