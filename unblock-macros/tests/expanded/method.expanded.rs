impl Store {
    async fn find(
        &self,
        id: i64,
        __arg1: Path<u64>,
        image: &[u8],
        x: u8,
    ) -> Result<Row, AppError> {
        let __pool: &::unblock_runtime::Pool = &self.pool;
        let __self = ::unblock_runtime::__private::own(self);
        let id = ::unblock_runtime::__private::moved(id);
        let __arg1 = ::unblock_runtime::__private::moved(__arg1);
        let image = ::unblock_runtime::__private::own(image);
        let x = ::unblock_runtime::__private::moved(x);
        let __job = move || -> Result<Row, AppError> {
            let __self = __self.get();
            let id = id;
            let __arg1 = __arg1;
            let Path(n) = __arg1;
            let image = image.get();
            let mut x = x;
            {
                x += 1;
                __self.table.row(id, n, image, x)
            }
        };
        let __outcome = {
            static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
            ::unblock_runtime::__private::Call::new(&HANDLER)
                .pool(__pool)
                .timeout(::core::time::Duration::from_secs(2))
                .run(__job)
                .await
        };
        ::unblock_runtime::__private::fallible(__outcome)
    }
}
