//! Bodies that show their tokens, and one that does not.
#[derive(Clone, Debug)]
pub struct Store {
    rows: usize,
}
impl Store {
    async fn describe(&self) -> String {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __reentry = __unblock::Reentry::new(__handler);
        if __reentry.is_here() {
            let __body = move || -> String {
                println!("{self:?} {{self}} {} {rows}", self.rows, rows = self.rows);
                format!(r"{self:?} {}", self.rows + 1)
            };
            return __reentry.leave(__body()).await;
        }
        let copy_of_self = __unblock::copy_for_the_job(self);
        let __job = move || {
            __reentry.enter(Self::describe, (__unblock::Owned::get(&copy_of_self),))
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    async fn count(&self) -> usize {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        let __job = move || -> usize {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            '_unblock: { [1, 2].iter().map(|n| n + copy_of_self.rows).sum() }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
    pub async fn both(&self) -> (String, usize) {
        (self.describe().await, self.count().await)
    }
}
