impl Store {
    async fn find(
        &self,
        id: i64,
        __arg1: Path<u64>,
        image: &[u8],
        x: u8,
    ) -> Result<Row, AppError> {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __pool = {
            let __pool = &self.pool;
            let __pool: &__unblock::Pool = __pool;
            __unblock::Pool::clone(__pool)
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        __unblock::goes_to_the_pool(&id);
        __unblock::goes_to_the_pool(&__arg1);
        let image = __unblock::copy_for_the_job(image);
        __unblock::goes_to_the_pool(&x);
        let __job = move || -> Result<Row, AppError> {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            let id = id;
            #[allow(unused_mut)]
            let mut __arg1 = __arg1;
            let Path(n) = __arg1;
            let image = __unblock::Owned::get(&image);
            let mut x = x;
            '_unblock: {
                x += 1;
                copy_of_self.table.row(id, n, image, x)
            }
        };
        let __outcome = __unblock::Call::new(__handler)
            .pool(__pool)
            .timeout(::core::time::Duration::from_secs(2))
            .run(__job)
            .await;
        __unblock::fallible(__outcome)
    }
}
