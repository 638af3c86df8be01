//! Who works for a pool, and who of them waits to be called.

use std::sync::Arc;

use super::slot::{CALLED, NAP, ON, SENT, Seat};
use crate::sync::atomic::Ordering;

/// How many sleepers a survey looks at, to find those that run again.
const SLEEPERS_PER_SURVEY: usize = 32;

#[derive(Default)]
pub(super) struct Roster {
    /// All workers.
    pub(super) members: Vec<Arc<Seat>>,
    /// Those without a token and without a job, the last to come on top.
    pub(super) bench: Vec<Arc<Seat>>,
    /// Where among the members the next survey looks for sleepers that run again.
    next_sleeper: usize,
    /// How many there have been.
    pub(super) hired: usize,
    pub(super) dismissed: bool,
}

impl Roster {
    /// Takes a worker off the list. False if somebody has called it from the bench meanwhile.
    pub(super) fn remove(&mut self, seat: &Arc<Seat>) -> bool {
        if matches!(seat.standing.load(Ordering::SeqCst), CALLED | SENT) {
            return false;
        }
        self.bench.retain(|other| !Arc::ptr_eq(other, seat));
        self.members.retain(|other| !Arc::ptr_eq(other, seat));
        true
    }

    /// Those with a token or an errand, and some of those asleep in turn.
    pub(super) fn next_look(&mut self) -> Vec<Arc<Seat>> {
        let standing = |seat: &Arc<Seat>| seat.standing.load(Ordering::SeqCst);
        let is_out = |seat: &&Arc<Seat>| matches!(standing(seat), CALLED | ON | SENT);
        let mut seats: Vec<_> = self.members.iter().filter(is_out).cloned().collect();
        let start = self.next_sleeper.min(self.members.len());
        let (before, after) = self.members.split_at(start);
        let mut looked_at = 0;
        for seat in after
            .iter()
            .chain(before)
            .filter(|seat| standing(seat) == NAP)
            .take(SLEEPERS_PER_SURVEY)
        {
            seats.push(Arc::clone(seat));
            looked_at += 1;
        }
        // Where sleepers stand close together this covers ground already covered, which costs a look and no more.
        self.next_sleeper =
            if start + looked_at < self.members.len() { start + looked_at } else { 0 };
        seats
    }
}
