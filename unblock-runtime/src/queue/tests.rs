use std::sync::Arc;

use super::{AtomicPosition, Behavior, Change, Entry, Lanes, Queue, Queued};
use crate::sync::Mutex;

pub(super) struct Item {
    pub(super) number: usize,
    is_tombstone: bool,
    position: AtomicPosition,
    behavior: Mutex<Behavior>,
}

impl Item {
    pub(super) fn new(number: usize, behavior: Behavior) -> Self {
        let (position, behavior) = (AtomicPosition::new(), Mutex::new(behavior));
        Self { number, is_tombstone: false, position, behavior }
    }

    pub(super) fn tombstone(number: usize) -> Self {
        Self { is_tombstone: true, ..Self::new(number, Behavior::Unknown) }
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
        *self.behavior.lock()
    }
}

const ITEMS: usize = 10_000;

/// Returns a queue of many items, every third of which is of `third`, and those.
fn long(third: Behavior) -> (Queue<Item>, Vec<Arc<Item>>) {
    let queue = Queue::new(2 * ITEMS, Lanes::Two);
    let mut thirds = Vec::new();
    for number in 0..ITEMS {
        let is_third = number % 3 == 2;
        let item = Arc::new(Item::new(number, if is_third { third } else { Behavior::Computing }));
        thirds.extend(is_third.then(|| Arc::clone(&item)));
        assert_eq!(queue.try_enter(item), Entry::Entered);
    }
    (queue, thirds)
}

fn change(items: &[Arc<Item>], behavior: Behavior) {
    for item in items {
        *item.behavior.lock() = behavior;
    }
}

fn blocking(queue: &Queue<Item>) -> Vec<usize> {
    std::iter::from_fn(|| queue.pop_blocking()).map(|item| item.number).collect()
}

fn all(queue: &Queue<Item>) -> Vec<usize> {
    std::iter::from_fn(|| queue.pop_computing()).map(|item| item.number).collect()
}

#[test]
fn items_that_are_known_to_block_by_now_leave_a_queue_however_long_it_is() {
    let (queue, thirds) = long(Behavior::Unknown);
    change(&thirds, Behavior::Blocking);
    let late = Arc::new(Item::new(ITEMS, Behavior::Blocking));
    assert_eq!(queue.try_enter(late), Entry::Entered);
    queue.mark_unsorted();
    assert_eq!(queue.sort(), Change::MoreWork);
    assert_eq!(queue.sort(), Change::Nothing);
    assert_eq!(queue.len(), ITEMS + 1);
    let numbers = thirds.iter().map(|item| item.number);
    assert_eq!(blocking(&queue), numbers.chain([ITEMS]).collect::<Vec<_>>());
    assert_eq!(all(&queue), (0..ITEMS).filter(|number| number % 3 != 2).collect::<Vec<_>>());
}

#[test]
fn items_that_turned_out_to_compute_come_back_in_their_order() {
    let (queue, thirds) = long(Behavior::Blocking);
    change(&thirds, Behavior::Computing);
    queue.mark_unsorted();
    assert_eq!(queue.sort(), Change::MoreWork);
    assert!(blocking(&queue).is_empty());
    let (thirds, others): (Vec<_>, Vec<_>) = all(&queue).into_iter().partition(|n| n % 3 == 2);
    assert_eq!((thirds.len(), others.len()), (ITEMS / 3, ITEMS - ITEMS / 3));
    assert!(thirds.is_sorted() && others.is_sorted());
}

#[test]
fn one_item_of_unknown_behavior_at_a_time_is_sent_ahead_of_a_queue_however_long_it_is() {
    let (queue, thirds) = long(Behavior::Unknown);
    for third in &thirds[..10] {
        assert_eq!(
            queue.send_ahead(|item| assert_eq!(item.number, third.number)),
            Change::MoreWork
        );
    }
    assert_eq!(blocking(&queue), (0..10).map(|n| 3 * n + 2).collect::<Vec<_>>());
    assert!(all(&queue).is_sorted());
    assert_eq!(queue.send_ahead(|_| unreachable!("none is left")), Change::Nothing);
}

#[test]
fn tombstones_are_not_sent_ahead() {
    let queue = Queue::new(4, Lanes::Two);
    assert_eq!(queue.try_enter(Arc::new(Item::tombstone(0))), Entry::Entered);
    assert_eq!(queue.send_ahead(|_| unreachable!("it is over")), Change::Nothing);
}
