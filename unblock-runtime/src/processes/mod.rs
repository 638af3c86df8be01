//! Pools of processes.

use std::sync::Arc;

use crate::error::Error;
use crate::pool::Pool;
use crate::remote::{Encoder, Function};

/// A pool whose jobs run in processes of their own.
#[derive(Clone, Debug)]
pub struct ProcessPool {
    threads: Pool,
    processes: Arc<Processes>,
}

impl ProcessPool {
    pub(crate) fn processes(&self) -> Arc<Processes> {
        Arc::clone(&self.processes)
    }

    pub(crate) fn into_threads(self) -> Pool {
        self.threads
    }
}

#[derive(Debug)]
pub(crate) struct Processes;

impl Processes {
    pub(crate) fn call(
        &self,
        _function: &Function,
        _message: &Encoder<'_>,
    ) -> Result<Vec<u8>, Error> {
        unimplemented!()
    }
}
