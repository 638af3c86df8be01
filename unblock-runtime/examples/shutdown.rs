//! A shutdown with a grace period, which reports what was left: one job finishes in time, one still
//! runs when the time is over, and two have not begun and never will. Prints:
//!
//! ```text
//! finished: 1, cancelled: 2, running: 1, export: 1
//! the running job ended early: Ok("stopped at the next row")
//! a queued job: Err(Cancelled)
//! ```

use std::{thread, time::Duration};

use unblock_runtime::{BuildError, Pool, job};

fn export(rows: u32) -> &'static str {
    for _ in 0..rows {
        thread::sleep(Duration::from_millis(5));
        if job::is_cancelled() {
            return "stopped at the next row";
        }
    }
    "all rows"
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BuildError> {
    let pool = Pool::builder().name("export").parallelism(1).max_threads(1).build()?;
    pool.submit(|| export(20)).detach();
    let running = pool.job("export").submit(|| export(u32::MAX));
    let queued = pool.submit(|| export(1));
    pool.submit(|| export(1)).detach();

    let report = pool.shutdown(Duration::from_millis(500)).await;
    println!("{report}");
    println!("the running job ended early: {:?}", running.await);
    println!("a queued job: {:?}", queued.await);
    Ok(())
}
