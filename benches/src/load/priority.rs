//! The priority of clients that come by a schedule.

/// Lets this thread run before all others if the system allows it, which takes a privilege on
/// Linux. The server's threads are to compete with each other, not with clients, which would be on
/// other machines.
pub(super) fn run_first() {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::ThreadPriority;
        use thread_priority::unix::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy,
            thread_native_id,
        };

        // Niceness is not enough: a thread that has just begun its slice keeps the core until the
        // slice ends, for more than a millisecond, however nice it is (`sched(7)`; the kernel's
        // RUN_TO_PARITY). Only a real-time thread runs at once.
        let first = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        let _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, first);
        // Linux may delay a sleep by 50 µs to save wake-ups.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
    }
}
