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
    ///
    /// Runs on a thread of the pool `self.pool`, for at most 2s.
    pub async fn find(
        &self,
        id: usize,
        __arg1: Query<u64>,
        text: &str,
        x: u64,
    ) -> Result<u64, AppError> {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __reentry = __unblock::Reentry::new(__handler);
        if __reentry.is_here() {
            let __body = move || -> Result<u64, AppError> {
                let id = id;
                #[allow(unused_mut)]
                let mut __arg1 = __arg1;
                let Query(n) = __arg1;
                let text = text;
                let mut x = x;
                '_unblock: {
                    x += text.parse::<u64>()?;
                    assert!(id < self.rows.len(), "no such row of {}", self.rows.len());
                    Ok(self.rows[id] + n + x)
                }
            };
            return __reentry.leave(__body()).await;
        }
        let __pool = {
            let __pool = &self.pool;
            let __pool: &__unblock::Pool = __pool;
            __unblock::Pool::clone(__pool)
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        __unblock::goes_to_the_pool(&id);
        __unblock::goes_to_the_pool(&__arg1);
        let text = __unblock::copy_for_the_job(text);
        __unblock::goes_to_the_pool(&x);
        let __job = move || {
            __reentry
                .enter(
                    Self::find,
                    (
                        __unblock::Owned::get(&copy_of_self),
                        id,
                        __arg1,
                        __unblock::Owned::get(&text),
                        x,
                    ),
                )
        };
        let __outcome = __unblock::Call::new(__handler)
            .pool(__pool)
            .timeout(::core::time::Duration::from_secs(2))
            .run(__job)
            .await;
        __unblock::fallible(__outcome)
    }
}
