//! What a thread that is asleep waits for, in the words of the manual pages.

use std::fs;

use crate::workers::os_thread::{Sleep, ThreadId};

/// System calls in which a thread can sleep: the number, the name, and whether the first argument
/// is the number of a file.
type Call = (u64, &'static str, bool);

#[cfg(target_arch = "x86_64")]
const CALLS: &[Call] = &[
    (0, "read", true),
    (1, "write", true),
    (2, "open", false),
    (4, "stat", false),
    (6, "lstat", false),
    (7, "poll", false),
    (16, "ioctl", true),
    (17, "pread", true),
    (18, "pwrite", true),
    (19, "readv", true),
    (20, "writev", true),
    (23, "select", false),
    (35, "nanosleep", false),
    (40, "sendfile", true),
    (42, "connect", true),
    (43, "accept", true),
    (44, "sendto", true),
    (45, "recvfrom", true),
    (46, "sendmsg", true),
    (47, "recvmsg", true),
    (61, "wait4", false),
    (72, "fcntl", true),
    (73, "flock", true),
    (74, "fsync", true),
    (75, "fdatasync", true),
    (77, "ftruncate", true),
    (82, "rename", false),
    (87, "unlink", false),
    (202, "futex", false),
    (217, "getdents64", true),
    (230, "clock_nanosleep", false),
    (232, "epoll_wait", true),
    (247, "waitid", false),
    (257, "openat", false),
    (262, "newfstatat", false),
    (263, "unlinkat", false),
    (270, "pselect6", false),
    (271, "ppoll", false),
    (275, "splice", true),
    (281, "epoll_pwait", true),
    (285, "fallocate", true),
    (288, "accept4", true),
    (295, "preadv", true),
    (296, "pwritev", true),
    (316, "renameat2", false),
    (326, "copy_file_range", true),
    (332, "statx", false),
];

#[cfg(target_arch = "aarch64")]
const CALLS: &[Call] = &[
    (22, "epoll_pwait", true),
    (25, "fcntl", true),
    (29, "ioctl", true),
    (32, "flock", true),
    (35, "unlinkat", false),
    (46, "ftruncate", true),
    (47, "fallocate", true),
    (56, "openat", false),
    (61, "getdents64", true),
    (63, "read", true),
    (64, "write", true),
    (65, "readv", true),
    (66, "writev", true),
    (67, "pread", true),
    (68, "pwrite", true),
    (69, "preadv", true),
    (70, "pwritev", true),
    (71, "sendfile", true),
    (72, "pselect6", false),
    (73, "ppoll", false),
    (76, "splice", true),
    (79, "newfstatat", false),
    (82, "fsync", true),
    (83, "fdatasync", true),
    (95, "waitid", false),
    (98, "futex", false),
    (101, "nanosleep", false),
    (115, "clock_nanosleep", false),
    (202, "accept", true),
    (203, "connect", true),
    (206, "sendto", true),
    (207, "recvfrom", true),
    (211, "sendmsg", true),
    (212, "recvmsg", true),
    (242, "accept4", true),
    (260, "wait4", false),
    (276, "renameat2", false),
    (285, "copy_file_range", true),
    (291, "statx", false),
];

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const CALLS: &[Call] = &[];

/// Returns what a thread that was asleep does, or `None` if it is awake by now.
pub(super) fn of_sleeper(thread: ThreadId) -> Option<String> {
    Some(match thread.sleep() {
        Sleep::Awake => return None,
        Sleep::In { call, argument } => match CALLS.iter().find(|known| known.0 == call) {
            Some((_, "futex", _)) => {
                "asleep in futex(2), for a lock or for another thread".to_owned()
            }
            Some((_, name, is_file)) => {
                let file = is_file.then(|| fs::read_link(format!("/proc/self/fd/{argument}")));
                match file {
                    Some(Ok(file)) => {
                        let file = file.to_string_lossy().escape_debug().to_string();
                        format!("asleep in {name}(2) of {file}")
                    }
                    _ => format!("asleep in {name}(2)"),
                }
            }
            None => format!("asleep in system call {call}"),
        },
        Sleep::At { place } => format!("asleep in the kernel's {place}"),
        Sleep::Unknown => "asleep".to_owned(),
    })
}
