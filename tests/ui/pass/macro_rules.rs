//! In code that a `macro_rules!` writes, `self` and the arguments keep their hygiene, and `$crate`
//! its meaning.

pub use unblock_runtime as runtime;

macro_rules! store {
    ($name:ident, $row:ty, $method:ident($argument:ident: $type:ty) $body:block, $limit:expr, $text:literal) => {
        #[derive(Clone)]
        struct $name {
            row: $row,
        }

        impl $name {
            #[runtime::unblock(crate = $crate::runtime)]
            fn $method(&self, $argument: $type, other: &str) -> ($row, usize) {
                let doubled = self.row + self.row;
                let _text = format!("{self:?}");
                ($body + doubled, other.len())
            }

            #[runtime::unblock(timeout = $limit, name = $text)]
            fn limited(&self) -> Result<$row, runtime::Error> {
                Ok(self.row)
            }
        }
    };
}

store!(Store, u64, add(n: &u64) { *n + 1 }, std::time::Duration::from_secs(1), "limited");

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Store")
    }
}

macro_rules! handler {
    ($(#[$attr:meta])* fn $name:ident($($pattern:pat => $type:ty),*) -> $output:ty $body:block) => {
        $(#[$attr])*
        #[runtime::unblock]
        fn $name($($pattern: $type),*) -> $output $body
    };
}

handler! {
    /// Adds.
    fn sum((a, b) => (u64, u64), mut c => u64) -> u64 {
        c += 1;
        a + b + c
    }
}

fn main() {
    let store = Store { row: 1 };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(store.add(&2, "four").await, (5, 4));
        assert_eq!(store.limited().await.unwrap(), 1);
        assert_eq!(sum((1, 2), 3).await, 7);
    });
}
