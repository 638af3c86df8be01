//! Methods of traits.
pub trait Verifier {
    async fn verify(&self, password: String) -> bool;
}
pub trait Hasher: Clone + Send + Sync + 'static {
    fn rounds(&self, password: &str) -> String;
    async fn hash(&self, password: &str) -> String {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        let password = __unblock::copy_for_the_job(password);
        let __job = move || -> String {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            let password = __unblock::Owned::get(&password);
            '_unblock: { copy_of_self.rounds(password) }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
}
#[derive(Clone)]
pub struct Argon(usize);
impl Argon {
    fn check(&self, password: &str) -> bool {
        password.len() > self.0
    }
}
impl Verifier for Argon {
    async fn verify(&self, password: String) -> bool {
        use ::unblock_runtime::__private as __unblock;
        let __handler = {
            static HANDLER: __unblock::Handler = __unblock::Handler::new();
            &HANDLER
        };
        let copy_of_self = __unblock::copy_for_the_job(self);
        __unblock::goes_to_the_pool(&password);
        let __job = move || -> bool {
            let copy_of_self = __unblock::Owned::get(&copy_of_self);
            let password = password;
            '_unblock: { copy_of_self.check(&password) }
        };
        let __outcome = __unblock::Call::new(__handler).run(__job).await;
        __unblock::infallible(__outcome)
    }
}
