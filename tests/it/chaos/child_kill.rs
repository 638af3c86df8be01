//! Children that are killed while clients ask: what a child had taken on is lost with it, and
//! nothing else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use rustix::process::Signal;

use super::{dice::Dice, seed};
use crate::process::{Process, address, kill, lives};
use crate::support::{DEADLINE, eventually, next};

const CLIENTS: usize = 4;
/// As often as the parent starts a child again.
const KILLS: usize = 3;

/// The process that answers, or nothing if what comes is not a whole response.
fn ask(server: SocketAddr) -> Option<u32> {
    let mut stream = TcpStream::connect(server).expect("the socket outlives every child");
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut response = String::new();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").ok()?;
    stream.read_to_string(&mut response).ok()?;
    let (head, body) = response.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200 "), "{response}");
    body.ends_with('\n').then(|| body.trim().parse().expect("a process"))
}

#[test]
fn killed_children_lose_what_they_had_taken_on_and_nothing_else() {
    let seed = seed();
    let mut dice = Dice::new(seed, 0);
    let mut server = Process::start(Command::new(env!("CARGO_BIN_EXE_held")).arg("ready"));
    let address = address(&server.line());
    let over = AtomicBool::new(false);
    let (tell, responses) = mpsc::channel();
    let (mut lost, mut ever) = (0, Vec::new());
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (tell, over) = (tell.clone(), &over);
            scope.spawn(
                move || while !over.load(Ordering::Relaxed) && tell.send(ask(address)).is_ok() {},
            );
        }
        drop(tell);
        for _ in 0..KILLS {
            eventually("two children", || server.children().len() == 2);
            ever.extend(server.children());
            for _ in 0..dice.below(200) {
                lost += usize::from(next(&responses).is_none());
            }
            let children = server.children();
            let victim = children[usize::try_from(dice.below(children.len() as u64)).unwrap()];
            kill(victim, Signal::KILL);
            eventually("the child's end", || !lives(victim));
        }
        eventually("two children", || server.children().len() == 2);
        let now = server.children();
        ever.extend(&now);
        // Both serve, the one that was started last too.
        let mut silent = now;
        eventually("a response of each", || {
            match next(&responses) {
                Some(process) => silent.retain(|child| *child != process),
                None => lost += 1,
            }
            silent.is_empty()
        });
        over.store(true, Ordering::Relaxed);
        for response in responses {
            lost += usize::from(response.is_none());
        }
    });
    assert!(lost <= KILLS * CLIENTS, "{lost} responses lost by {KILLS} kills");
    server.signal(Signal::TERM);
    assert!(server.status().success());
    assert!(ever.into_iter().all(|child| !lives(child)));
}
