//! Signals, and what running requests see of them.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use hyper::Method;
use rustix::process::Signal;

use crate::client::{Bare, Client};
use crate::demo::{Demo, command};
use crate::process::{Process, address, assert_sleep, kill, lives, until};

/// Waits until the demo runs `count` jobs.
fn jobs_run(client: &Client, count: usize) {
    until("jobs that run", || {
        let response = client.fresh("/metrics");
        let running =
            response.told().1.lines().filter(|line| line.starts_with("unblock_jobs_running{"));
        let counts = running.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok());
        counts.sum::<usize>() == count
    });
}

#[test]
fn a_server_that_nobody_asks_sleeps() {
    let demo = Demo::start(&[]);
    let mut clients: Vec<_> = (0..8).map(|_| Bare::connect(demo.address)).collect();
    // Fast enough for its loops to look at their sockets before they sleep.
    for _ in 0..200 {
        for client in &mut clients {
            client.get("/");
        }
        for client in &mut clients {
            assert_eq!(client.response().0, 200);
        }
    }
    assert_sleep(|| {
        let tasks =
            fs::read_dir(format!("/proc/{}/task", demo.process.pid())).expect("its threads");
        let tasks = tasks.filter_map(|task| Some(task.ok()?.path()));
        // The thread of the page reads the statistics once a second, as its documentation says.
        let is_sampler = |task: &PathBuf| {
            fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "unblock-sampler\n")
        };
        tasks.filter(|task| !is_sampler(task)).collect()
    });
}

#[test]
fn a_slow_request_is_answered_after_sigterm_and_after_ctrl_c() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut demo = Demo::start(&[]);
        let client = Client::new(demo.address);
        let mut idle = Bare::connect(demo.address);
        idle.get("/healthz");
        assert_eq!(idle.response().0, 200);
        let slow = client.begin(Method::GET, "/sleep/2", Bytes::new());
        jobs_run(&client, 1);

        demo.process.signal(signal);
        assert_eq!(idle.rest(), "", "closed at once");
        let response = slow.wait();
        assert_eq!(response.status, 200);
        assert!(demo.process.status().success());
        assert!(TcpStream::connect(demo.address).is_err());
    }
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_what_runs() {
    let mut demo = Demo::start(&[]);
    let client = Client::new(demo.address);
    let mut idle = Bare::connect(demo.address);
    idle.get("/healthz");
    assert_eq!(idle.response().0, 200);
    let slow = client.begin(Method::GET, "/sleep/3600", Bytes::new());
    jobs_run(&client, 1);
    demo.process.signal(Signal::INT);
    assert_eq!(idle.rest(), "", "the first has been heard");
    demo.process.signal(Signal::INT);
    assert!(demo.process.status().success());
    assert!(slow.outcome().is_err());
}

#[test]
fn a_slow_request_to_a_child_is_answered_after_sigterm() {
    let mut demo = Demo::start(&["--processes", "2"]);
    let client = Client::new(demo.address);
    // The child that took this connection is one of those that answer the next ones.
    let slow = client.begin(Method::GET, "/sleep/2", Bytes::new());
    jobs_run(&client, 1);
    let children = demo.process.children();
    demo.process.signal(Signal::TERM);
    assert_eq!(slow.wait().status, 200);
    assert!(demo.process.status().success());
    assert!(children.into_iter().all(|child| !lives(child)));
}

#[test]
fn sighup_ends_nothing_before_the_stop_and_after_it() {
    for options in [&["--mode", "single"][..], &["--processes", "1"], &["--processes", "2"]] {
        let mut demo = Demo::start(options);
        let client = Client::new(demo.address);
        assert_eq!(client.get("/healthz").status, 200);
        let children = demo.process.children();
        // A child that has not begun to serve has the system's default, and is started again.
        for child in &children {
            let name = format!("process=\"{child}\"");
            until("a response of each", || client.fresh("/metrics").told().1.contains(&name));
        }
        let hang_up = || {
            demo.process.signal(Signal::HUP);
            for child in &children {
                kill(*child, Signal::HUP);
            }
        };
        for _ in 0..10 {
            hang_up();
            assert_eq!(client.fresh("/healthz").status, 200);
        }
        assert_eq!(demo.process.children(), children);
        // As systemd does for a service with `SendSIGHUP=`.
        let slow = client.begin(Method::GET, "/sleep/1", Bytes::new());
        if options[1] == "1" {
            jobs_run(&client, 1);
            demo.process.signal(Signal::TERM);
            hang_up();
            assert_eq!(slow.wait().status, 200);
        } else {
            drop(slow);
            demo.process.signal(Signal::TERM);
        }
        assert!(demo.process.status().success());
    }
}

#[test]
fn sigterm_right_after_the_ready_line_ends_it_with_status_0() {
    for mode in ["unblock", "single", "processes"] {
        for _ in 0..5 {
            let mut demo = Demo::start(&["--mode", mode]);
            demo.process.signal(Signal::TERM);
            assert!(demo.process.status().success(), "{mode}");
        }
    }
}

#[test]
fn killed_children_are_replaced_and_none_outlives_a_killed_parent() {
    let mut demo = Demo::start(&["--mode", "processes", "--processes", "2"]);
    let client = Client::new(demo.address);
    let first = demo.process.children();
    assert_eq!(first.len(), 2);
    kill(first[0], Signal::KILL);
    until("the child's end", || !lives(first[0]));
    for _ in 0..10 {
        assert_eq!(client.fresh("/").status, 200);
    }
    until("another child", || demo.process.children().len() == 2);
    let second = demo.process.children();
    assert!(second.contains(&first[1]) && !second.contains(&first[0]));

    demo.process.signal(Signal::KILL);
    demo.process.status();
    // They share its standard output, which they close when they end, shortly before they are gone.
    demo.process.last_lines();
    until("the children's end", || second.iter().all(|&child| !lives(child)));
}

#[test]
fn it_survives_more_connections_than_it_may_have_descriptors() {
    let folder = crate::demo::Folder::new();
    let mut limited = Command::new("sh");
    let demo = command(&[]);
    limited.args(["-c", "ulimit -n 40; exec \"$0\" \"$@\""]).arg(demo.get_program());
    limited.args(["--addr", "127.0.0.1:0"]).env("RUST_LOG", "off").current_dir(&folder.0);
    let process = Process::start(&mut limited);
    let address = address(process.line().split(" (").next().unwrap());
    let crowd: Vec<_> = (0..60).map(|_| Bare::connect(address)).collect();
    let mut late = Bare::connect(address);
    late.get("/healthz");
    drop(crowd);
    assert_eq!(late.response(), (200, "ok\n".to_owned()));
}
