//! Tests of pools of processes: the functions run in worker processes, which are this program of
//! tests again.
#![cfg(unix)]

mod calls;
mod cancel;
mod deaths;
mod lives;
mod support;
