pub trait Hasher: Clone + Send + Sync + 'static {
    async fn hash(&self, password: &str) -> String {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __reentry = __unblock::Reentry::new(__handler);
        if __reentry.is_here() {
            let __body = move || -> String {
                let password = password;
                '_body: { self.rounds(password) }
            };
            return __reentry.leave(__body()).await;
        }
        let __self = __unblock::copy_for_the_job(self);
        let password = __unblock::copy_for_the_job(password);
        let __job = move || {
            __reentry
                .enter(
                    Self::hash,
                    (__unblock::Owned::get(&__self), __unblock::Owned::get(&password)),
                )
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::{ByError as _, ByPanic as _};
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
}
impl Verifier for Argon {
    async fn verify(&self, password: String) -> bool {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let __reentry = __unblock::Reentry::new(__handler);
        if __reentry.is_here() {
            let __body = move || -> bool {
                let password = password;
                '_body: { self.check(&password) }
            };
            return __reentry.leave(__body()).await;
        }
        let __self = __unblock::copy_for_the_job(self);
        __unblock::goes_to_the_pool(&password);
        let __job = move || {
            __reentry.enter(Self::verify, (__unblock::Owned::get(&__self), password))
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        {
            use __unblock::{ByError as _, ByPanic as _};
            (&__outcome).outcome_conversion().finish(__outcome)
        }
    }
}
