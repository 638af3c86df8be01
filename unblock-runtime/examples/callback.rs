//! Callbacks to an event loop: another thread hands the loop closures, which run on the loop's
//! thread in between its tasks. What they change belongs to that thread and needs no lock. Prints:
//!
//! ```text
//! the loop has seen 3 readings, 60 in total
//! ```

use std::cell::RefCell;
use std::{io, thread};

use tokio::{runtime::Builder, sync::oneshot};
use unblock_runtime::{EventLoop, LoopClosed, LoopHandle};

thread_local!(static READINGS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) });

/// Stands for anything that blocks outside of the pool: a device, another library's thread.
fn sensor(event_loop: &LoopHandle, done: oneshot::Sender<()>) -> Result<(), LoopClosed> {
    for reading in [10, 20, 30] {
        event_loop.add_callback(move || READINGS.with_borrow_mut(|all| all.push(reading)))?;
    }
    event_loop.add_callback(move || drop(done))
}

fn main() -> io::Result<()> {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let (done, finished) = oneshot::channel();
    thread::spawn(move || sensor(&handle, done));

    Builder::new_current_thread().build()?.block_on(event_loop.run(async {
        let _ = finished.await; // the loop serves its other tasks until then
        let readings = READINGS.take();
        let total: u32 = readings.iter().sum();
        println!("the loop has seen {} readings, {total} in total", readings.len());
    }));
    Ok(())
}
