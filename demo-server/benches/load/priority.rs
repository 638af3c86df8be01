//! The clients' priority.

/// Lets this thread go before all others where the system allows it, which takes a privilege on Linux. The server's threads are
/// to compete with each other: its clients would be on other machines.
pub(crate) fn go_first() {
    #[cfg(target_os = "linux")]
    {
        // Niceness is a thread's own on Linux.
        let _ = rustix::process::setpriority_process(None, -20);
        // Linux may put timers off by 50 µs to save wake-ups; that would be a good part of what is measured.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
    }
}
