//! Admission on explicit time: a pool of servers is simulated, and each decision is compared with
//! what would have been right. The table is printed with `--nocapture`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use super::tests::size;
use super::{Admission, Average, Expected, Resource};

const MS: u64 = 1_000_000;
/// Calls have this time, in nanoseconds.
const DEADLINE: u64 = 1000 * MS;
/// The time over which decisions are judged together.
const SLICE: u64 = 100 * MS;

/// A call that comes at a time, for a handler, and takes this long.
type Call = (u64, usize, u64);

struct Simulation {
    admission: Admission,
    handlers: Vec<Average>,
    resource: Resource,
    start: Instant,
    /// When each server is free.
    servers: BinaryHeap<Reverse<u64>>,
    /// The admitted calls that have not begun.
    queue: VecDeque<(u64, usize, u64, Expected)>,
    /// The calls that run, by their end.
    running: BinaryHeap<Reverse<(u64, usize, u64)>>,
    /// The time that servers have spent on calls that ended in time.
    useful: u64,
}

/// The slices of time in which more than a twentieth of the decisions were wrong.
#[derive(Debug, Default)]
struct Wrong {
    refusals: u64,
    admissions: u64,
}

impl Simulation {
    fn new(servers: usize, handlers: usize, resource: Resource) -> Self {
        let start = Instant::now();
        Self {
            admission: Admission::new(size(u32::try_from(servers).unwrap()), start),
            handlers: (0..handlers).map(|_| Average::new()).collect(),
            resource,
            start,
            servers: (0..servers).map(|_| Reverse(0)).collect(),
            queue: VecDeque::new(),
            running: BinaryHeap::new(),
            useful: 0,
        }
    }

    fn at(&self, nanos: u64) -> Instant {
        self.start + Duration::from_nanos(nanos)
    }

    /// Begins and ends calls until `now`.
    fn advance(&mut self, now: u64) {
        loop {
            let free = self.servers.peek().map_or(u64::MAX, |free| free.0);
            let begins = self.queue.front().map_or(u64::MAX, |call| free.max(call.0));
            let ends = self.running.peek().map_or(u64::MAX, |end| end.0.0);
            let expires = self.queue.front().map_or(u64::MAX, |call| call.0 + DEADLINE);
            if ends.min(begins).min(expires) > now {
                return;
            }
            if expires < begins && expires < ends {
                let (.., expected) = self.queue.pop_front().unwrap();
                self.admission.left(expected);
                continue;
            }
            if ends <= begins {
                let Reverse((end, handler, took)) = self.running.pop().unwrap();
                let took = Duration::from_nanos(took);
                self.admission.ran(Some(&self.handlers[handler]), took, self.at(end));
                continue;
            }
            let (came, handler, takes, expected) = self.queue.pop_front().unwrap();
            self.servers.pop();
            self.servers.push(Reverse(begins + takes));
            if begins - came + takes <= DEADLINE {
                self.useful += takes;
            }
            self.admission.left(expected);
            let waited = Duration::from_nanos(begins - came);
            self.admission.waited(expected, waited, self.at(begins));
            self.running.push(Reverse((begins + takes, handler, takes)));
        }
    }

    /// Returns when a call that comes now would begin.
    fn would_begin(&self, now: u64) -> u64 {
        let mut servers = self.servers.clone();
        for (came, _, takes, _) in &self.queue {
            let begins = servers.peek().unwrap().0.max(now);
            if begins <= came + DEADLINE {
                servers.pop();
                servers.push(Reverse(begins + takes));
            }
        }
        servers.peek().unwrap().0.max(now)
    }

    fn run(&mut self, calls: impl IntoIterator<Item = Call>) -> Wrong {
        // In each slice: decisions, wrong refusals, wrong admissions.
        let mut slices = BTreeMap::<u64, [u64; 3]>::new();
        for (now, handler, takes) in calls {
            self.advance(now);
            let would_wait = self.would_begin(now) - now;
            let expected = self.admission.expect(Some(&self.handlers[handler]), self.resource);
            let slice = slices.entry(now / SLICE).or_default();
            slice[0] += 1;
            if self.admission.admit(expected, Duration::from_nanos(DEADLINE)).is_ok() {
                self.admission.joined(expected);
                self.queue.push_back((now, handler, takes, expected));
                slice[2] += u64::from(would_wait + takes > DEADLINE);
            } else {
                slice[1] += u64::from(would_wait < DEADLINE.saturating_sub(takes) / 4);
            }
        }
        let wrong = |kind: usize| slices.values().filter(|s| s[kind] * 20 > s[0]).count() as u64;
        Wrong { refusals: wrong(1), admissions: wrong(2) }
    }
}

/// Calls of one handler at an even rate.
fn calls(
    from: u64,
    seconds: u64,
    per_second: u64,
    handler: usize,
    takes: u64,
) -> impl Iterator<Item = Call> {
    let every = 1000 * MS / per_second;
    (0..seconds * per_second).map(move |call| (from + call * every, handler, takes))
}

fn second(number: u64) -> u64 {
    number * 1000 * MS
}

#[test]
fn wrong_decisions_last_for_a_second_at_the_most() {
    let two_cores = |handlers| Simulation::new(2, handlers, Resource::Core);
    let mut table = Vec::new();

    let wrong = two_cores(1).run(calls(0, 10, 4000, 0, 5 * MS));
    table.push(("cold start at 10 times the capacity", wrong));

    let mut slower = two_cores(1);
    slower.run(calls(0, 10, 1000, 0, MS));
    let wrong = slower.run(calls(second(10), 10, 1000, 0, 100 * MS));
    table.push(("100 times slower", wrong));

    let mut faster = two_cores(1);
    faster.run(calls(0, 60, 100, 0, 500 * MS));
    let wrong = faster.run(calls(second(64), 60, 20, 0, 5 * MS));
    table.push(("100 times faster, at a twentieth of the load", wrong));

    let mut busy = two_cores(1);
    busy.run(calls(0, 20, 1000, 0, 100 * MS));
    let wrong = busy.run(calls(second(22), 10, 1600, 0, MS));
    table.push(("100 times faster, at most of the load", wrong));

    let mut mixed: Vec<_> =
        calls(0, 10, 2000, 0, MS).chain(calls(1, 10, 200, 1, 50 * MS)).collect();
    mixed.sort_unstable();
    let wrong = two_cores(2).run(mixed);
    table.push(("two handlers, 1 ms and 50 ms, at 6 times", wrong));

    let bursts = (0..10)
        .flat_map(|burst| (0..400).map(move |call| (second(burst) + call * 10_000, 0, 5 * MS)));
    let wrong = two_cores(1).run(bursts);
    table.push(("bursts of 400 calls of 5 ms each second", wrong));

    println!("| case | tenths of a second with wrong refusals | with wrong admissions |");
    println!("| --- | ---: | ---: |");
    for (case, wrong) in &table {
        println!("| {case} | {} | {} |", wrong.refusals, wrong.admissions);
    }
    for (case, wrong) in table {
        assert!(wrong.refusals <= 10 && wrong.admissions <= 10, "{case}: {wrong:?}");
    }
}

/// Threads whose jobs began in a burst are free in a burst, so single waits cannot be foretold.
#[test]
fn threads_that_are_free_in_bursts_are_used_and_hardly_any_call_is_late() {
    let mut sleepers = Simulation::new(510, 1, Resource::Thread);
    let wrong = sleepers.run(calls(0, 20, 5100, 0, 400 * MS));
    let percent = sleepers.useful / 510 * 100 / second(20);
    println!("calls that sleep 0.4 s on 510 threads, at 4 times: {percent} % in time, {wrong:?}");
    assert!(percent >= 90 && wrong.admissions <= 10, "{percent} %, {wrong:?}");
}
