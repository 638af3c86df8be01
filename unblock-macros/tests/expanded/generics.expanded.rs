impl<T> Table<T>
where
    T: Clone + Send + Sync + 'static,
{
    pub(crate) async fn rows<K, const N: usize>(
        &self,
        keys: [K; N],
        last: impl Ord + Send + 'static,
    ) -> [T; N]
    where
        K: Hash + Send + 'static,
    {
        let __self = ::unblock_runtime::__private::own(self);
        let keys = ::unblock_runtime::__private::moved(keys);
        let last = ::unblock_runtime::__private::moved(last);
        let __job = move || -> [T; N] {
            let __self = __self.get();
            let keys = keys;
            let last = last;
            { keys.map(|key| __self.row(key)) }
        };
        let __outcome = {
            static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
            ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
        };
        {
            use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
            (&__outcome).conversion().finish(__outcome)
        }
    }
}
async fn lines(
    text: String,
) -> Result<impl Iterator<Item = String> + Send + 'static, AppError> {
    let text = ::unblock_runtime::__private::moved(text);
    let __job = move || -> Result<_, AppError> {
        let text = text;
        { Ok(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()) }
    };
    let __outcome = {
        static HANDLER: ::unblock_runtime::__private::Handler = ::unblock_runtime::__private::Handler::new();
        ::unblock_runtime::__private::Call::new(&HANDLER).run(__job).await
    };
    {
        use ::unblock_runtime::__private::{ByError as _, ByPanic as _};
        (&__outcome).conversion().finish(__outcome)
    }
}
