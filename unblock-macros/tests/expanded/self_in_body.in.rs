//! Bodies that show their tokens, and one that does not.

#[derive(Clone, Debug)]
pub struct Store {
    rows: usize,
}

impl Store {
    #[unblock]
    fn describe(&self) -> String {
        println!("{self:?} {{self}} {} {rows}", self.rows, rows = self.rows);
        format!(r"{self:?} {}", self.rows + 1)
    }

    #[unblock]
    fn count(&self) -> usize {
        [1, 2].iter().map(|n| n + self.rows).sum()
    }

    pub async fn both(&self) -> (String, usize) {
        (self.describe().await, self.count().await)
    }
}
