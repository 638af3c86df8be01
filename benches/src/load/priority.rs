//! The clients' priority.

/// Lets this thread go before all others where the system allows it, which takes a privilege on Linux. The server's threads are
/// to compete with each other: its clients would be on other machines.
pub(crate) fn go_first() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::ThreadPriority;
        use thread_priority::unix::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };

        // Niceness is not enough: a thread that has just begun its slice keeps the core to the end of it, for more than a
        // millisecond, however nice it is (`sched(7)`; the kernel's RUN_TO_PARITY). Nothing but a real-time thread goes first.
        let first = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, first);
        // Linux may put timers off by 50 µs to save wake-ups; that would be a good part of what is measured.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
    }
}
