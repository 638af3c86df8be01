//! Model-checked: threads that become active against the watcher that goes to sleep.

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::Arming;

/// A lost wake-up leaves the watcher parked, which the model checker reports as a deadlock.
#[test]
fn threads_that_are_active_are_seen() {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(3));
    builder.check(|| {
        let arming = Arc::new(Arming::new());
        let active: Arc<[AtomicBool; 2]> = Arc::default();
        arming.set_thread();
        let threads = [0, 1].map(|index| {
            let (arming, active) = (Arc::clone(&arming), Arc::clone(&active));
            thread::spawn(move || {
                active[index].store(true, Ordering::Relaxed);
                arming.arm();
            })
        });
        let is_active = |index: usize| active[index].load(Ordering::Relaxed);
        let mut seen = [false; 2];
        while seen != [true; 2] {
            // Those that were seen sleep again.
            arming.disarm(|| (0..2).any(|index| !seen[index] && is_active(index)));
            arming.wait();
            seen = [0, 1].map(|index| seen[index] || is_active(index));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
