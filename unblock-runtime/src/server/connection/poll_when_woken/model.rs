//! Model-checked: waking the future against polling its task.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use super::PollWhenWoken;

/// Ready when it is told so.
struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

struct Pass(Arc<Gate>);

impl Future for Pass {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        *self.0.waker.lock().unwrap() = Some(cx.waker().clone());
        if self.0.open.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Gate {
    fn open(&self) {
        self.open.store(true, Ordering::SeqCst);
        let waker = self.waker.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_future_that_is_woken_is_polled_or_its_task_is_woken() {
    loom::model(|| {
        let gate = Arc::new(Gate { open: AtomicBool::new(false), waker: Mutex::new(None) });
        let mut future = PollWhenWoken::new(Pass(Arc::clone(&gate)));
        let wakes = [0, 1].map(|_| Arc::new(Wakes(AtomicUsize::new(0))));
        let mut poll = |task: &Arc<Wakes>| {
            let waker = Waker::from(Arc::clone(task));
            Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_ready()
        };
        assert!(!poll(&wakes[0]));
        let opener = thread::spawn(move || gate.open());
        // Something else has woken the task, which is another now.
        let ready = poll(&wakes[1]);
        opener.join().unwrap();
        if !ready {
            assert!(
                wakes.iter().any(|wakes| wakes.0.load(Ordering::SeqCst) > 0),
                "a wake-up was lost"
            );
            assert!(
                wakes[1].0.load(Ordering::SeqCst) > 0 || poll(&wakes[1]),
                "the task of before was woken"
            );
            assert!(poll(&wakes[1]), "it was woken, and is not polled");
        }
    });
}
