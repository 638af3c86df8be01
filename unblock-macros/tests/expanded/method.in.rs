//! A method with options and each kind of argument.

use std::num::ParseIntError;
use unblock_runtime::{Error, Pool};

pub struct Query<T>(pub T);

pub enum AppError {
    Pool(Error),
    Text(ParseIntError),
}

impl From<Error> for AppError {
    fn from(error: Error) -> Self {
        Self::Pool(error)
    }
}

impl From<ParseIntError> for AppError {
    fn from(error: ParseIntError) -> Self {
        Self::Text(error)
    }
}

#[derive(Clone)]
pub struct Store {
    pool: Pool,
    rows: Vec<u64>,
}

impl Store {
    /// Finds a row.
    #[unblock(pool = self.pool, timeout = "2s")]
    pub fn find(&self, id: usize, Query(n): Query<u64>, text: &str, mut x: u64) -> Result<u64, AppError> {
        x += text.parse::<u64>()?;
        assert!(id < self.rows.len(), "no such row of {}", self.rows.len());
        Ok(self.rows[id] + n + x)
    }
}
