//! The work of the routes: ordinary blocking functions, the same in all servers.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;

/// What a request for a heavy route asks for.
#[derive(Clone)]
pub enum Work {
    /// `/spin/{micros}`
    Spin(u64),
    /// `/sleep/{seconds}`
    Sleep(f64),
    /// `/login/{password}`
    Login(String),
}

impl Work {
    /// Blocks until the work is done; returns the body of the response.
    pub fn run(self) -> String {
        match self {
            Self::Spin(micros) => spin(micros),
            Self::Sleep(seconds) => sleep(seconds),
            Self::Login(password) => login(&password),
        }
    }
}

/// Returns the body of the light route.
pub fn hello() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("Hello, world {}.{:03}\n", now.as_secs(), now.subsec_millis())
}

/// Computes until this thread has used `micros` of CPU time, as the demo's handler does.
pub fn spin(micros: u64) -> String {
    let until = thread_time() + Duration::from_micros(micros);
    let mut rounds = 0_u64;
    while thread_time() < until {
        for _ in 0..1000 {
            rounds = std::hint::black_box(rounds + 1);
        }
    }
    format!("burnt {micros} µs of CPU time in {rounds} rounds\n")
}

/// Sleeps, as a call to another machine would.
pub fn sleep(seconds: f64) -> String {
    thread::sleep(Duration::from_secs_f64(seconds));
    "Awake!\n".to_owned()
}

/// Hashes a password at the defaults of the package `argon2`, which are what OWASP recommends:
/// argon2id, 19 MiB of memory, 2 iterations, 1 lane.
pub fn login(password: &str) -> String {
    let hash = Argon2::default().hash_password(password.as_bytes()).expect("a hash");
    format!("{hash}\n")
}

/// CPU time that this thread has used.
pub fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a time since the thread's start")
}
