//! Model-checked races of the queue: freeing a place against joining the line, leaving the line against being moved up,
//! entering against closing.

use std::sync::Arc;

use loom::thread;

use super::{Entry, Lane, Queue};
use crate::error::Error;
use crate::job::{Header, Order, Place, Run};
use crate::pool::Shared;
use crate::workers::profile::Kind;

/// A job of which only its place matters, and whether it is a shell.
struct Stub {
    header: Header,
    is_shell: bool,
}

impl Stub {
    fn new() -> Arc<dyn Run> {
        Arc::new(Self {
            header: Header::new(Kind::of::<Stub>(), Order::default(), None),
            is_shell: false,
        })
    }

    fn shell() -> Arc<dyn Run> {
        Arc::new(Self {
            header: Header::new(Kind::of::<Stub>(), Order::default(), None),
            is_shell: true,
        })
    }
}

impl Run for Stub {
    fn header(&self) -> &Header {
        &self.header
    }

    fn name(&self) -> &'static str {
        "stub"
    }

    fn pool(&self) -> &Arc<Shared> {
        unreachable!("the queue does not ask for it")
    }

    fn run(&self) {}

    fn abort(&self, _: Error) {}

    fn refuse(&self, _: Error) {}

    fn expire(&self) {}

    fn is_past_queue(&self) -> bool {
        self.is_shell
    }
}

/// A full queue of one place, with a job in it.
fn full() -> Arc<Queue> {
    let queue = Arc::new(Queue::new(1, true));
    assert_eq!(queue.try_enter(Stub::new()), Entry::Entered);
    queue
}

/// What a worker does with the job that it finds.
fn take(queue: &Queue) {
    assert!(queue.pop(false).is_some());
    queue.leave();
}

#[test]
fn a_freed_place_goes_to_whoever_joins_the_line() {
    loom::model(|| {
        let queue = full();
        let worker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || take(&queue)
        });
        queue.stand_in_line(&Stub::new());
        worker.join().unwrap();
        assert_eq!(queue.waiting(), 0);
        take(&queue);
        assert_eq!(queue.try_enter(Stub::new()), Entry::Entered, "a place was lost");
    });
}

#[test]
fn whoever_leaves_the_line_takes_no_place_along() {
    loom::model(|| {
        let queue = full();
        let (leaver, stayer) = (Stub::new(), Stub::new());
        queue.stand_in_line(&leaver);
        queue.stand_in_line(&stayer);
        let worker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || take(&queue)
        });
        queue.withdraw(&leaver.header().place);
        worker.join().unwrap();
        assert_eq!(stayer.header().place.get(), Place::IN_QUEUE);
        assert_eq!((queue.waiting(), queue.taken()), (0, 1));
    });
}

#[test]
fn nobody_enters_a_queue_that_is_finished() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(1, true));
        let submitter = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.try_enter(Stub::new())
        });
        queue.close();
        // A worker that sees this goes home for good.
        let finished = queue.is_finished() && !queue.has_work();
        let entry = submitter.join().unwrap();
        assert!(
            !(finished && entry == Entry::Entered),
            "a job is stuck in a queue without workers"
        );
    });
}

/// One has the place for a moment and finds the queue closed; the other stands in line for that place.
#[test]
fn a_place_that_is_given_back_at_the_closed_door_goes_to_the_line() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(1, true));
        let late = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.try_enter(Stub::new())
        });
        let closer = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.close()
        });
        queue.stand_in_line(&Stub::new());
        late.join().unwrap();
        closer.join().unwrap();
        while queue.has_work() {
            take(&queue);
        }
        assert!(queue.is_finished(), "somebody waits for a place that is free");
    });
}

/// More shells came than a sweep leaves: two jobs meet a channel that has no slot for them.
#[test]
fn a_channel_full_of_shells_takes_jobs() {
    loom::model(|| {
        let lane = Arc::new(Lane::fixed(3));
        lane.push(Stub::new());
        lane.push(Stub::shell());
        lane.push(Stub::shell());
        let submitter = thread::spawn({
            let lane = Arc::clone(&lane);
            move || lane.push(Stub::new())
        });
        lane.push(Stub::new());
        submitter.join().unwrap();
        let jobs = std::iter::from_fn(|| lane.pop()).filter(|job| !job.is_past_queue()).count();
        assert_eq!(jobs, 3, "a job was lost");
    });
}
