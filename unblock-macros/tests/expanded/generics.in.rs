//! Type parameters, constants, `impl Trait`.

use std::fmt;
use std::hash::Hash;

#[derive(Clone)]
pub struct Table<T> {
    row: T,
}

impl<T> Table<T>
where
    T: Clone + Send + Sync + 'static,
{
    #[unblock]
    pub fn rows<K, const N: usize>(&self, keys: [K; N], last: impl Ord + Send + 'static) -> [T; N]
    where
        K: Hash + Send + 'static,
    {
        drop(last);
        keys.map(|_| self.row.clone())
    }
}

#[unblock]
pub fn lines(text: String) -> Result<impl Iterator<Item = String> + Send + 'static, fmt::Error> {
    Ok(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter())
}

#[unblock]
pub fn lengths() -> impl Fn(&str) -> usize + Send {
    |text| text.len()
}
