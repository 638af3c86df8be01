pub trait Hasher: Clone + Send + Sync + 'static {
    async fn hash(&self, password: &str) -> String {
        let __self = ::unblock_runtime::__private::own(self);
        let password = ::unblock_runtime::__private::own(password);
        let __job = move || -> String {
            let __self = __self.get();
            let password = password.get();
            { __self.rounds(password) }
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
impl Verifier for Argon {
    async fn verify(&self, password: String) -> bool {
        let __self = ::unblock_runtime::__private::own(self);
        let password = ::unblock_runtime::__private::moved(password);
        let __job = move || -> bool {
            let __self = __self.get();
            let password = password;
            { __self.check(&password) }
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
