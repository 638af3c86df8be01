//! Calls of functions that may run in another process, with `#[unblock(remote)]`.

use std::any::type_name;
use std::ops::Deref;

pub use inventory;

use super::{Body, Call, Pool, Running};
use crate::error::{Error, Unportable};
use crate::job::Fallible;
use crate::processes::ProcessPool;
pub use crate::remote::{Answer, Arguments, Encoder, Function, Portable, Registered, Reply};
use crate::workers::profile::JobType;

/// Where the calls of a function run.
#[derive(Debug)]
pub enum Target {
    /// On threads of this process, with the arguments as they are.
    Threads(Pool),
    /// In other processes.
    Processes(ProcessPool),
}

/// A pool on which functions with `remote` run, or what dereferences to one.
#[diagnostic::on_unimplemented(
    message = "a function with `remote` cannot run on `{Self}`",
    label = "give a `ProcessPool` here, or a `Pool`, or a static or a field that holds one"
)]
pub trait RemotePool {
    /// Returns a handle to the pool.
    fn target(&self) -> Target;
}

impl RemotePool for Pool {
    fn target(&self) -> Target {
        Target::Threads(self.clone())
    }
}

impl RemotePool for ProcessPool {
    fn target(&self) -> Target {
        Target::Processes(self.clone())
    }
}

#[diagnostic::do_not_recommend]
impl<P: Deref<Target: RemotePool>> RemotePool for P {
    fn target(&self) -> Target {
        (**self).target()
    }
}

/// Applies `pool = …` of a function with `remote`.
pub fn target<P: RemotePool + ?Sized>(pool: &P) -> Target {
    pool.target()
}

impl Call {
    /// Submits a call of `function` with these arguments: of `local` on a pool of threads, and by a
    /// message, which `encode` writes, on a pool of processes. The outcome is to be awaited.
    pub fn run_remote<A, R, L>(
        self,
        target: Target,
        function: &'static Function,
        arguments: A,
        local: L,
        encode: for<'a> fn(&'a A, &mut Encoder<'a>) -> Result<(), Unportable>,
    ) -> Running<R>
    where
        A: Send + 'static,
        R: Answer,
        L: FnOnce(A) -> R + Send + 'static,
    {
        self.handler.set_path(type_name::<L>());
        let job_type = JobType::of::<L>();
        match target {
            Target::Threads(pool) => {
                let body: Body<R> = Box::new(move || local(arguments));
                Running(self.pool(pool).submission(job_type, body))
            }
            Target::Processes(pool) => {
                let processes = pool.handle();
                let body: RemoteBody<R> = Box::new(move || {
                    let mut message = Encoder::new();
                    encode(&arguments, &mut message).map_err(Error::Unportable)?;
                    let reply = processes.call(function, &message)?;
                    R::from_reply(&reply).map_err(Error::Unportable)
                });
                Running(self.pool(pool.into_threads()).submission(job_type, Fallible(body)))
            }
        }
    }
}

type RemoteBody<R> = Box<dyn FnOnce() -> Result<R, Error> + Send>;
