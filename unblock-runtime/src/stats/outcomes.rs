//! How jobs ended, as numbers.

/// Numbers of jobs by how they ended.
///
/// What each number means is said at the fields of [`Stats`](crate::Stats) with the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcomes {
    /// Number of jobs that ended with a value.
    pub completed: u64,
    /// Number of jobs that ended with a panic.
    pub panicked: u64,
    /// Number of jobs whose process died, or that could not be carried to one or back.
    pub failed: u64,
    /// Number of jobs that never ran because nobody waited for them any more.
    pub cancelled: u64,
    /// Number of jobs whose deadline passed before they ended.
    pub timed_out: u64,
    /// Number of jobs that were refused.
    pub rejected: u64,
}

impl Outcomes {
    /// Returns the numbers with their names, as metrics and the page have them.
    pub fn by_name(self) -> [(&'static str, u64); 6] {
        [
            ("completed", self.completed),
            ("panicked", self.panicked),
            ("failed", self.failed),
            ("cancelled", self.cancelled),
            ("timed_out", self.timed_out),
            ("rejected", self.rejected),
        ]
    }

    /// Returns the number of jobs that are over, however they ended.
    pub fn total(self) -> u64 {
        self.by_name().iter().map(|(_, count)| count).sum()
    }

    /// Joins the numbers of two readings one by one.
    #[cfg(feature = "dashboard")]
    pub(crate) fn zip(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            completed: join(self.completed, other.completed),
            panicked: join(self.panicked, other.panicked),
            failed: join(self.failed, other.failed),
            cancelled: join(self.cancelled, other.cancelled),
            timed_out: join(self.timed_out, other.timed_out),
            rejected: join(self.rejected, other.rejected),
        }
    }
}
