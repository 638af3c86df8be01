//! Model-checked: a thread that becomes active against the watcher that goes to sleep.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use super::Arming;

/// Two threads become active, and inactive only when they have been seen. A lost wake-up leaves the
/// watcher parked, which the model checker reports as a deadlock of all.
#[test]
fn a_thread_that_is_active_is_seen() {
    loom::model(|| {
        let arming = Arc::new(Arming::new());
        let active: Arc<[AtomicBool; 2]> = Arc::default();
        let seen: Arc<[AtomicBool; 2]> = Arc::default();
        let left = Arc::new(AtomicUsize::new(2));
        let threads = [0, 1].map(|index| {
            let (arming, active) = (Arc::clone(&arming), Arc::clone(&active));
            thread::spawn(move || {
                active[index].store(true, Ordering::Relaxed);
                arming.arm();
            })
        });
        arming.set_thread();
        while left.load(Ordering::Relaxed) > 0 {
            arming.wait();
            for (active, seen) in active.iter().zip(seen.iter()) {
                // A thread that was seen sleeps again.
                if active.load(Ordering::Relaxed) && !seen.swap(true, Ordering::Relaxed) {
                    active.store(false, Ordering::Relaxed);
                    left.store(left.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
                }
            }
            arming.disarm(|| active.iter().any(|active| active.load(Ordering::Relaxed)));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
