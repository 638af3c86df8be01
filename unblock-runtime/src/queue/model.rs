//! Model-checked races of the queue: freeing room against joining the waitlist, leaving the
//! waitlist against being admitted and against joining it, entering against closing, and sweeping
//! against taking, looking and draining.

use std::sync::Arc;

use loom::thread;

use super::lane::Lane;
use super::{AtomicPosition, Behavior, Change, Entry, Lanes, Position, Queue, Queued};

struct Item {
    position: AtomicPosition,
    is_tombstone: bool,
    behavior: Behavior,
}

impl Item {
    fn new() -> Arc<Self> {
        Arc::new(Self::of(Behavior::Computing))
    }

    fn tombstone() -> Arc<Self> {
        Arc::new(Self { is_tombstone: true, ..Self::of(Behavior::Computing) })
    }

    fn unknown() -> Arc<Self> {
        Arc::new(Self::of(Behavior::Unknown))
    }

    fn of(behavior: Behavior) -> Self {
        Self { position: AtomicPosition::new(), is_tombstone: false, behavior }
    }
}

impl Queued for Item {
    fn position(&self) -> &AtomicPosition {
        &self.position
    }

    fn is_tombstone(&self) -> bool {
        self.is_tombstone
    }

    fn behavior(&self) -> Behavior {
        self.behavior
    }
}

/// Returns a queue with room for one item, which an item has.
fn full() -> Arc<Queue<Item>> {
    let queue = Arc::new(Queue::new(1, Lanes::Two));
    assert_eq!(queue.try_enter(Item::new()), Entry::Entered);
    queue
}

/// Takes an item, as a worker does.
fn take(queue: &Queue<Item>) {
    assert!(queue.pop_computing().is_some());
    let _ = queue.begun();
}

fn has_work(queue: &Queue<Item>) -> bool {
    queue.has_computing() || queue.has_blocking()
}

#[test]
fn freed_room_goes_to_an_item_that_joins_the_waitlist() {
    loom::model(|| {
        let queue = full();
        let worker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || take(&queue)
        });
        let _ = queue.join_waitlist(&Item::new());
        worker.join().unwrap();
        assert_eq!(queue.waitlist_len(), 0);
        take(&queue);
        assert_eq!(queue.try_enter(Item::new()), Entry::Entered, "room was lost");
    });
}

#[test]
fn an_item_that_leaves_the_waitlist_takes_no_room_along() {
    loom::model(|| {
        let queue = full();
        let (leaver, stayer) = (Item::new(), Item::new());
        let _ = queue.join_waitlist(&leaver);
        let _ = queue.join_waitlist(&stayer);
        let worker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || take(&queue)
        });
        let _ = queue.withdraw(&leaver.position);
        worker.join().unwrap();
        assert_eq!(stayer.position.get(), Position::InQueue);
        assert_eq!((queue.waitlist_len(), queue.room.in_use()), (0, 1));
    });
}

#[test]
fn an_item_that_is_withdrawn_while_it_joins_the_waitlist_takes_no_room() {
    loom::model(|| {
        let queue = full();
        let item = Item::new();
        let caller = thread::spawn({
            let (queue, item) = (Arc::clone(&queue), Arc::clone(&item));
            move || _ = queue.join_waitlist(&item)
        });
        let _ = queue.withdraw(&item.position);
        caller.join().unwrap();
        take(&queue);
        assert_eq!((queue.waitlist_len(), queue.room.in_use()), (0, 0));
    });
}

#[test]
fn nothing_enters_a_queue_that_is_finished() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(1, Lanes::Two));
        let submitter = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.try_enter(Item::new())
        });
        queue.close();
        // A worker that sees this leaves for good.
        let finished = queue.is_finished() && !has_work(&queue);
        let entry = submitter.join().unwrap();
        assert!(
            !(finished && entry == Entry::Entered),
            "an item is stuck in a queue without workers"
        );
    });
}

/// One item has the room for a moment and finds the queue closed; the other waits for that room.
#[test]
fn room_that_is_given_back_after_close_goes_to_the_waitlist() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(1, Lanes::Two));
        let late = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.try_enter(Item::new())
        });
        let closer = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.close()
        });
        let _ = queue.join_waitlist(&Item::new());
        late.join().unwrap();
        closer.join().unwrap();
        while has_work(&queue) {
            take(&queue);
        }
        assert!(queue.is_finished(), "an item waits for room that is free");
    });
}

/// More tombstones came than a sweep leaves: two items meet a channel without a slot for them.
#[test]
fn a_lane_full_of_tombstones_takes_items() {
    loom::model(|| {
        let lane = Arc::new(Lane::fixed(3));
        lane.push(Item::new());
        lane.push(Item::tombstone());
        lane.push(Item::tombstone());
        let submitter = thread::spawn({
            let lane = Arc::clone(&lane);
            move || lane.push(Item::new())
        });
        lane.push(Item::new());
        submitter.join().unwrap();
        let items = std::iter::from_fn(|| lane.pop()).filter(|item| !item.is_tombstone).count();
        assert_eq!(items, 3, "an item was lost");
    });
}

/// A worker that finds no item parks, unless the thread that swept has more work to tell of.
#[test]
fn a_worker_that_looks_during_a_sweep_finds_an_item_or_is_told() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(2, Lanes::Two));
        assert_eq!(queue.try_enter(Item::new()), Entry::Entered);
        let sweeper = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                queue.mark_unsorted();
                queue.sort()
            }
        });
        let found = has_work(&queue);
        assert!(sweeper.join().unwrap() == Change::MoreWork || found);
        take(&queue);
        assert!(!has_work(&queue));
    });
}

#[test]
fn a_drain_takes_an_item_that_is_just_sent_ahead() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(2, Lanes::Two));
        assert_eq!(queue.try_enter(Item::new()), Entry::Entered);
        assert_eq!(queue.try_enter(Item::unknown()), Entry::Entered);
        let monitor = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.send_ahead(|_| ())
        });
        assert_eq!(queue.drain().len(), 2);
        let _ = monitor.join().unwrap();
        assert!(!has_work(&queue));
    });
}

#[test]
fn items_in_front_of_a_worker_that_takes_them_during_a_sweep_are_taken_once_and_in_order() {
    loom::model(|| {
        let lane = Arc::new(Lane::growing());
        let items = [Item::new(), Item::new(), Item::new()];
        items.iter().for_each(|item| lane.push(Arc::clone(item)));
        lane.sweep(Some);
        let sweeper = thread::spawn({
            let lane = Arc::clone(&lane);
            move || lane.sweep(Some)
        });
        for item in items {
            assert!(Arc::ptr_eq(&lane.pop().unwrap(), &item));
        }
        sweeper.join().unwrap();
        assert!(lane.pop().is_none() && lane.is_empty());
    });
}
