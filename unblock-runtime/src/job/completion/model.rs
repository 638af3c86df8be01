//! Model-checked races of a completion.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{Completion, Expired};
use crate::error::Error;

struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn wakes() -> (Arc<Wakes>, Waker) {
    let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
    (Arc::clone(&wakes), Waker::from(wakes))
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

type Work = fn() -> u8;

fn completion() -> Arc<Completion<Work, u8>> {
    Arc::new(Completion::new(|| 7))
}

/// Does what a worker does. Returns true if the job ran.
fn work(completion: &Completion<Work, u8>) -> bool {
    let Some(work) = completion.begin(|| ()) else { return false };
    let _late = completion.complete(Ok(work()), None, |_| (), || ());
    true
}

fn poll(completion: &Completion<Work, u8>, waker: &Waker) -> Poll<Result<u8, Error>> {
    completion.poll(&Context::from_waker(waker), None)
}

#[test]
fn a_poll_sees_the_value_or_is_woken() {
    loom::model(|| {
        let completion = completion();
        let worker = thread::spawn({
            let completion = Arc::clone(&completion);
            move || work(&completion)
        });
        let (wakes, waker) = wakes();
        let first = poll(&completion, &waker);
        assert!(worker.join().unwrap());
        match first {
            Poll::Ready(outcome) => {
                assert_eq!(outcome.unwrap(), 7);
                assert_eq!(wakes.count(), 0);
            }
            Poll::Pending => {
                assert_eq!(wakes.count(), 1);
                assert!(matches!(poll(&completion, &waker), Poll::Ready(Ok(7))));
            }
        }
    });
}

#[test]
fn of_two_polls_the_newest_waker_is_woken() {
    loom::model(|| {
        let completion = completion();
        let worker = thread::spawn({
            let completion = Arc::clone(&completion);
            move || work(&completion)
        });
        let ((old, old_waker), (new, new_waker)) = (wakes(), wakes());
        let pending = poll(&completion, &old_waker).is_pending()
            && poll(&completion, &new_waker).is_pending();
        worker.join().unwrap();
        if pending {
            assert_eq!((old.count(), new.count()), (0, 1));
        }
    });
}

#[test]
fn a_job_runs_or_is_aborted_never_both() {
    loom::model(|| {
        let completion = completion();
        let (wakes, waker) = wakes();
        assert!(poll(&completion, &waker).is_pending());
        let worker = thread::spawn({
            let completion = Arc::clone(&completion);
            move || work(&completion)
        });
        let aborted = completion.abort(Error::Cancelled, None, || ()).is_some();
        let ran = worker.join().unwrap();
        assert!(ran != aborted);
        assert_eq!(wakes.count(), 1);
        match poll(&completion, &waker) {
            Poll::Ready(Ok(7)) => assert!(ran),
            Poll::Ready(Err(Error::Cancelled)) => assert!(aborted),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_late_value_reaches_nobody() {
    loom::model(|| {
        let completion = completion();
        let (wakes, waker) = wakes();
        assert!(poll(&completion, &waker).is_pending());
        let worker = thread::spawn({
            let completion = Arc::clone(&completion);
            move || match completion.begin(|| ()) {
                Some(work) => completion.complete(Ok(work()), None, |_| (), || ()).is_some(),
                None => false,
            }
        });
        let mut expired = None;
        let work = completion.expire(None, |at| expired = Some(at));
        assert_eq!(work.is_some(), expired == Some(Expired::Queued));
        let late = worker.join().unwrap();
        assert_eq!(late, expired == Some(Expired::Running));
        assert_eq!(wakes.count(), 1);
        match poll(&completion, &waker) {
            Poll::Ready(Ok(7)) => assert_eq!(expired, None),
            Poll::Ready(Err(Error::TimedOut)) => assert!(expired.is_some()),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn an_outcome_that_is_seen_is_counted() {
    loom::model(|| {
        let completion = completion();
        let counted = Arc::new(AtomicUsize::new(0));
        let worker = thread::spawn({
            let (completion, counted) = (Arc::clone(&completion), Arc::clone(&counted));
            move || {
                let work = completion.begin(|| ()).unwrap();
                let count = |_: &_| {
                    counted.fetch_add(1, Ordering::Relaxed);
                };
                assert!(completion.complete(Ok(work()), None, count, || ()).is_none());
            }
        });
        let (_, waker) = wakes();
        if poll(&completion, &waker).is_ready() {
            assert_eq!(counted.load(Ordering::Relaxed), 1);
        }
        worker.join().unwrap();
    });
}
