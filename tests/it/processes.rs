//! Several processes on one socket, and a parent that minds them.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::process::Command;

use rustix::process::Signal;

use crate::client::{Bare, Client};
use crate::process::{Process, address, kill, lives};
use crate::support::eventually;

fn start(how: &str) -> Process {
    Process::start(Command::new(env!("CARGO_BIN_EXE_held")).arg(how))
}

/// Starts a parent, and waits until both of its children serve.
fn serving() -> (Process, SocketAddr, HashSet<u32>) {
    let server = start("ready");
    let address = address(&server.line());
    let mut answered = HashSet::new();
    eventually("two children that answer", || {
        let mut connection = Bare::connect(address);
        connection.get("/");
        answered.insert(connection.response().1.trim().parse().unwrap());
        answered.len() == 2
    });
    assert_eq!(server.children().into_iter().collect::<HashSet<_>>(), answered);
    (server, address, answered)
}

#[test]
fn the_light_route_answers_while_a_handler_holds_another_process() {
    let (mut server, address, children) = serving();
    let mut held = Bare::connect(address);
    held.get("/hold");
    let line = server.line();
    let holds: u32 = line.strip_prefix("holds ").unwrap().parse().unwrap();
    assert!(children.contains(&holds));
    for _ in 0..10 {
        let mut light = Bare::connect(address);
        light.get("/");
        let (status, who) = light.response();
        assert_eq!(status, 200);
        assert_ne!(who.trim().parse(), Ok(holds));
    }

    // The process that is held ends as well when it is killed: by its parent, after the grace
    // period, or by us.
    kill(holds, Signal::KILL);
    server.signal(Signal::TERM);
    assert!(server.status().success());
}

#[test]
fn a_killed_child_is_replaced_and_requests_go_on() {
    let (mut server, address, before) = serving();
    let client = Client::new(address);
    let victim = *before.iter().next().unwrap();

    kill(victim, Signal::KILL);
    eventually("the child's end", || !lives(victim));
    assert_eq!(client.get("/").told().0, 200, "the other one serves");
    eventually("another child", || server.children().len() == 2);
    let after: HashSet<u32> = server.children().into_iter().collect();
    assert_eq!(before.intersection(&after).count(), 1);
    let new = *after.difference(&before).next().unwrap();
    eventually("a response of the new child", || {
        client.fresh("/").told().1.trim() == new.to_string()
    });

    server.signal(Signal::TERM);
    assert!(server.status().success());
    assert!(after.into_iter().all(|pid| !lives(pid)));
}

#[test]
fn a_killed_parent_leaves_no_child() {
    let (mut server, _, children) = serving();
    server.signal(Signal::KILL);
    assert!(!server.status().success());
    eventually("the children's end", || children.iter().all(|pid| !lives(*pid)));
    // They ended as on SIGTERM.
    let told = server.last_lines();
    assert!(
        told.len() == 2 && told.iter().all(|line| line.starts_with("stopped; every request")),
        "{told:?}"
    );
}

#[test]
fn a_parent_that_is_killed_at_once_leaves_no_child_either() {
    let mut server = start("ready");
    server.line();
    let children = server.children();
    server.signal(Signal::KILL);
    server.status();
    eventually("the children's end", || children.iter().all(|pid| !lives(*pid)));
}

#[test]
fn children_that_cannot_run_use_up_the_budget_and_end_the_parent() {
    let mut server = start("broken");
    assert!(server.line().starts_with("ready "));
    assert_eq!(server.status().code(), Some(1));
    let told = server.last_lines();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("3 restarts") && told[0].contains("exit status: 3"), "{told:?}");
}

#[test]
fn an_interrupt_of_the_whole_group_stops_it_gracefully() {
    let (mut server, _, children) = serving();
    // A terminal sends Ctrl-C to parent and children alike. A child takes no notice of it, as long
    // as its parent lives.
    for child in children {
        kill(child, Signal::INT);
    }
    server.signal(Signal::INT);
    assert!(server.status().success());
    let told = server.last_lines();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|line| line.starts_with("stopped; every request")), "{told:?}");
}

#[test]
fn an_endless_grace_period_is_none_that_overflows() {
    let mut server = start("patient");
    let address = address(&server.line());
    assert_eq!(Client::new(address).get("/").told().0, 200);
    server.signal(Signal::TERM);
    assert!(server.status().success());
}

#[test]
fn children_serve_the_server_that_they_are_children_of_whichever_is_bound_first() {
    for how in ["two", "knowing"] {
        let mut server = start(how);
        let others = if how == "two" { 3 } else { 1 };
        let lines: Vec<_> = (0..=others).map(|_| server.line()).collect();
        let ready = lines.iter().find(|line| line.starts_with("ready ")).expect("it is ready");
        let client = Client::new(address(ready));
        let mut answered = HashSet::new();
        eventually("two children that answer", || {
            answered.insert(client.fresh("/").told().1.trim().parse::<u32>().unwrap());
            answered.len() == 2
        });
        let other = lines.iter().find(|line| line.starts_with("other ")).unwrap();
        assert_eq!(Client::new(address(other)).get("/").told(), (200, "other\n"));
        server.signal(Signal::TERM);
        assert!(server.status().success());
    }
}

#[test]
fn a_child_is_told_that_it_has_no_part_in_another_server() {
    let mut server = start("foreign");
    assert_eq!(server.status().code(), Some(1));
    let told = server.last_lines();
    assert!(told.iter().any(|line| line.contains("a child of another server")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("keep dying")), "{told:?}");
}

#[test]
fn programs_that_a_handler_starts_do_not_take_themselves_for_children() {
    let (server, address, _) = serving();
    let (status, environment) = {
        let response = Client::new(address).get("/environment");
        (response.status, String::from_utf8_lossy(&response.body).into_owned())
    };
    assert_eq!(status, 200);
    // Whoever runs the tests may set some of the variables that are for users.
    let is_given = |line: &&str| {
        line.split_once('=').is_some_and(|(name, _)| std::env::var_os(name).is_some())
    };
    let added: Vec<_> = environment.lines().filter(|line| !is_given(line)).collect();
    let says = |text: &str| added.iter().any(|line| line.contains(text));
    assert!(!says("LISTEN_") && !says("UNBLOCK"), "{environment}");
    drop(server);
}
