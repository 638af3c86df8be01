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
                use self::format::{self, Style};
                println!("{self:?} {{self}} {} {rows}", self.rows, rows = self.rows);
                let all = vec!["{self}", self.name];
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
                log!(target : "store", "{self} has {}", { self.rows });
                format!(r#"{self} {}"#, (|| self.rows) ())
            };
            return __reentry.leave(__body()).await;
        }
        let copy_of_self = __unblock::copy_for_the_job(self);
        let __job = move || {
            __reentry.enter(Self::describe, (__unblock::Owned::get(&copy_of_self),))
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::{ByError as _, ByPanic as _};
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
}
