impl Store {
    async fn describe(&self) -> String {
        let __self = ::unblock_runtime::__private::own(self);
        let __job = move || -> String {
            let __self = __self.get();
            {
                use self::format::{self, Style};
                println!(
                    "{__self:?} {{self}} {} {rows}", __self.rows, rows = __self.rows
                );
                let all = vec!["{self}", __self.name];
                let style = self::format::default();
                struct Local(pub(self) u8);
                impl<const N: usize> Take<{ N }> for Local
                where
                    u8: Copy,
                {
                    fn take(self) -> u8 {
                        self.0
                    }
                }
                log!(target : "store", "{__self} has {}", { __self.rows });
                format!(r#"{__self} {}"#, (|| __self.rows) ())
            }
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
