//! The names of what is open: requests, and other watched futures.
//!
//! A poll says where its name is by a number, so that it need not lock or copy anything. The
//! watcher looks the name up if it has something to report.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_utils::CachePadded;

/// The number of tables. Each thread opens names in one of them, so that threads do not wait for
/// each other.
const TABLES: usize = 16;
/// The number of names for which a table keeps room when it is empty.
const KEPT_CAPACITY: usize = 256;
/// The length of a name in a report, in characters. A stranger may have chosen it.
const LONGEST: usize = 120;

#[derive(Debug, Clone)]
pub(crate) enum Name {
    Text(Cow<'static, str>),
    /// The path as it was requested, without the query, which may hold secrets.
    #[cfg(any(feature = "server", feature = "tower"))]
    Request {
        method: http::Method,
        uri: http::Uri,
    },
    /// The pattern of the route, such as `/users/{id}`.
    #[cfg(feature = "matched-path")]
    Route {
        method: http::Method,
        path: axum::extract::MatchedPath,
    },
}

impl fmt::Display for Name {
    /// Writes printable ASCII and nothing else, so that no name is taken for a line of the log or
    /// for a command of a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, text): (_, &str) = match self {
            Self::Text(text) => (None, text),
            #[cfg(any(feature = "server", feature = "tower"))]
            Self::Request { method, uri } => (Some(method.as_str()), uri.path()),
            #[cfg(feature = "matched-path")]
            Self::Route { method, path } => (Some(method.as_str()), path.as_str()),
        };
        let text = method.into_iter().flat_map(|method| [method, " "]).chain([text]);
        let mut chars = text.flat_map(str::chars);
        for char in chars.by_ref().take(LONGEST) {
            match char {
                ' '..='~' => fmt::Write::write_char(f, char)?,
                _ => write!(f, "{}", char.escape_default())?,
            }
        }
        if chars.next().is_some() { f.write_str("...") } else { Ok(()) }
    }
}

/// A name that is open until this is dropped.
#[derive(Debug)]
pub(super) struct OpenName(NameId);

/// Where a name is: its table, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameId {
    table: u32,
    place: u32,
}

/// A name, and the time from which a poll of what it names is long, in nanoseconds.
pub(super) type Entry = (Name, u64);

struct Table {
    entries: Vec<Option<Entry>>,
    /// The places that are free.
    free: Vec<u32>,
}

static NAMES: [CachePadded<Mutex<Table>>; TABLES] =
    [const { CachePadded::new(Mutex::new(Table { entries: Vec::new(), free: Vec::new() })) };
        TABLES];

impl OpenName {
    pub(super) fn new(entry: Entry) -> Self {
        let table = own_table();
        let mut names = lock(table);
        let place = if let Some(place) = names.free.pop() {
            names.entries[place as usize] = Some(entry);
            place
        } else {
            names.entries.push(Some(entry));
            u32::try_from(names.entries.len() - 1).unwrap_or(u32::MAX)
        };
        Self(NameId { table, place })
    }

    pub(super) fn id(&self) -> NameId {
        self.0
    }
}

impl Drop for OpenName {
    fn drop(&mut self) {
        let mut names = lock(self.0.table);
        // It is dropped without the lock.
        let _removed = names.entries.get_mut(self.0.place as usize).and_then(Option::take);
        names.free.push(self.0.place);
        if names.free.len() == names.entries.len() && names.entries.len() > KEPT_CAPACITY {
            *names = Table { entries: Vec::new(), free: Vec::new() };
        }
        drop(names);
    }
}

impl NameId {
    /// Returns the name, if it is open.
    pub(super) fn entry(self) -> Option<Entry> {
        lock(self.table).entries.get(self.place as usize).cloned().flatten()
    }

    /// Gives what is open another name.
    #[cfg(feature = "matched-path")]
    pub(super) fn rename(self, name: Name) {
        let mut names = lock(self.table);
        if let Some(Some(entry)) = names.entries.get_mut(self.place as usize) {
            let _replaced = std::mem::replace(&mut entry.0, name);
            drop(names);
        }
    }

    pub(super) fn to_bits(self) -> u64 {
        u64::from(self.table) << 32 | u64::from(self.place)
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "these are the two halves")]
        let (table, place) = ((bits >> 32) as u32, bits as u32);
        Self { table, place }
    }
}

/// Returns the table of the calling thread. The number of tables is small.
#[expect(clippy::cast_possible_truncation, reason = "the number of tables is small")]
fn own_table() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static TABLE: Cell<Option<u32>> = const { Cell::new(None) };
    }
    TABLE.get().unwrap_or_else(|| {
        let table = NEXT.fetch_add(1, Ordering::Relaxed) % TABLES as u32;
        TABLE.set(Some(table));
        table
    })
}

fn lock(table: u32) -> MutexGuard<'static, Table> {
    NAMES[table as usize % TABLES].lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn open(text: &'static str) -> OpenName {
        OpenName::new((Name::Text(text.into()), 1))
    }

    fn text(id: NameId) -> Option<String> {
        NameId::from_bits(id.to_bits()).entry().map(|(name, _)| name.to_string())
    }

    #[test]
    fn a_name_is_found_while_it_is_open_and_its_place_is_used_again() {
        let (one, other) = (open("one"), open("other"));
        let (first, second) = (one.id(), other.id());
        assert_eq!(text(first).as_deref(), Some("one"));
        assert_eq!(text(second).as_deref(), Some("other"));
        drop(one);
        assert_eq!(text(first), None);
        let next = open("next");
        assert_eq!((next.id(), text(first).as_deref()), (first, Some("next")));
        assert_eq!(text(second).as_deref(), Some("other"));
    }

    #[test]
    fn a_table_that_was_large_and_is_empty_gives_its_memory_back() {
        let many: Vec<_> = (0..=KEPT_CAPACITY).map(|_| open("many")).collect();
        let table = many[0].id().table;
        drop(many);
        assert!(lock(table).entries.capacity() <= KEPT_CAPACITY);
    }

    #[test]
    fn a_name_is_printable_and_of_bounded_length() {
        let show = |text: &'static str| Name::Text(text.into()).to_string();
        assert_eq!(show("GET /a b"), "GET /a b");
        assert_eq!(show("a\nb\u{1b}[0m\u{202e}\u{85}"), "a\\nb\\u{1b}[0m\\u{202e}\\u{85}");
        let long: &str = "x".repeat(1000).leak();
        assert_eq!(show(long), format!("{}...", "x".repeat(LONGEST)));
    }
}
