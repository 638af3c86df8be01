//! A timer that wakes a poll within microseconds; the timeout of the poll itself has milliseconds.

use std::io;
use std::time::Duration;

use mio::Registry;

/// On systems other than Linux it never fires, and the poll's timeout has to do.
pub(super) struct Timer {
    #[cfg(target_os = "linux")]
    descriptor: std::os::fd::OwnedFd,
}

impl Timer {
    #[cfg(target_os = "linux")]
    pub(super) fn new(registry: &Registry, token: mio::Token) -> io::Result<Self> {
        use std::os::fd::AsRawFd;

        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};

        let descriptor = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        let mut source = mio::unix::SourceFd(&descriptor.as_raw_fd());
        registry.register(&mut source, token, mio::Interest::READABLE)?;
        Ok(Self { descriptor })
    }

    /// Fires once, after this time, and no more at the time set before.
    #[cfg(target_os = "linux")]
    pub(super) fn set(&self, after: Duration) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};

        // A time of zero would turn it off.
        let after = after.max(Duration::from_nanos(1));
        let time = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: after.try_into().map_err(io::Error::other)?,
        };
        timerfd_settime(&self.descriptor, TimerfdTimerFlags::empty(), &time)?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(super) fn new(_: &Registry, _: mio::Token) -> io::Result<Self> {
        Ok(Self {})
    }

    pub(super) fn set(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }
}
