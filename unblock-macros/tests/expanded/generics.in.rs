impl<T> Table<T>
where
    T: Clone + Send + Sync + 'static,
{
    #[unblock]
    pub(crate) fn rows<K, const N: usize>(&self, keys: [K; N], last: impl Ord + Send + 'static) -> [T; N]
    where
        K: Hash + Send + 'static,
    {
        keys.map(|key| self.row(key))
    }
}

#[unblock]
fn lines(text: String) -> Result<impl Iterator<Item = String> + Send + 'static, AppError> {
    Ok(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter())
}
