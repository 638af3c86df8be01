//! Type parameters, const parameters, lifetimes, where clauses and `impl Trait`.

#![deny(warnings)]

use std::fmt::Display;
use std::hash::Hash;

use unblock_runtime::unblock;

#[derive(Clone)]
struct Table<T> {
    row: T,
}

impl<T> Table<T>
where
    T: Clone + Send + Sync + 'static,
{
    #[unblock]
    fn rows<K, const N: usize>(&self, keys: [K; N], last: impl Ord + Send + 'static) -> [T; N]
    where
        K: Hash + Send + 'static,
    {
        drop(last);
        keys.map(|_| self.row.clone())
    }
}

#[unblock]
fn show<'a, T>(items: &'a [T], one: &T, last: &(impl Display + Clone + Send + 'static)) -> String
where
    T: Display + Clone + Send + 'static,
{
    items.iter().chain([one]).map(ToString::to_string).chain([last.to_string()]).collect()
}

#[unblock]
fn apply<A: Send + 'static, B: Send + 'static>(
    argument: A,
    function: impl FnOnce(A) -> B + Send + 'static,
) -> B {
    function(argument)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert_eq!(Table { row: 'x' }.rows([1, 2], "last").await, ['x', 'x']);
        assert_eq!(show(&[1, 2], &3, &"!").await, "123!");
        assert_eq!(apply(1, |n| n + 1).await, 2);
    });
}
