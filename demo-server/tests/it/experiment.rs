//! The requests that the page's buttons fire, and who may fire them.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use hyper::Method;
use serde_json::Value;

use crate::client::{Bare, Client};
use crate::demo::{Demo, Folder, command};
use crate::process::Process;

const FIRE: &str = "POST /experiment?work=sleep&on=pool&requests=2";
const BLOCK: &str = "GET /on-the-loop/spin/1";

/// Sends a request whose head has these lines too, and returns the status of the response.
fn status(demo: &Demo, request: &str, lines: &str) -> u16 {
    let mut socket = Bare::connect(demo.address);
    socket.send(format!("{request} HTTP/1.1\r\ncontent-length: 0\r\n{lines}\r\n"));
    socket.response().0
}

#[test]
fn every_request_of_an_experiment_is_answered_and_counted() {
    for mode in ["unblock", "single"] {
        let demo = Demo::start(&["--mode", mode]);
        let client = Client::new(demo.address);
        for place in ["pool", "loop"] {
            let path = format!("/experiment?work=compute&on={place}&requests=3");
            let response = client.post(&path, "");
            let answers: Value = serde_json::from_str(response.told().1).unwrap();
            let counts = answers["statuses"].as_array().unwrap().iter();
            let count: u64 = counts.map(|pair| pair[1].as_u64().unwrap()).sum();
            assert_eq!((count, &answers["unsent"]), (3, &0.into()), "{mode} {place}: {answers}");
            assert!(answers["slowest"].as_u64() >= Some(100_000), "{answers}");
        }
    }
}

#[test]
fn an_experiment_is_bounded_and_runs_alone() {
    let demo = Demo::start(&[]);
    let client = Client::new(demo.address);
    for query in [
        "",
        "?work=sleep&on=pool",
        "?work=sleep&on=pool&requests=0",
        "?work=sleep&on=pool&requests=65",
        "?work=nap&on=pool&requests=1",
    ] {
        client.post(&format!("/experiment{query}"), "").assert_line(400);
    }
    let path = "/experiment?work=sleep&on=pool&requests=1";
    let first = client.begin(Method::POST, path, "".into());
    let second = client.begin(Method::POST, path, "".into());
    let mut statuses = [first.wait().status.as_u16(), second.wait().status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[test]
fn other_sites_strangers_and_proxies_cannot_fire() {
    let demo = Demo::start(&[]);
    let host = format!("host: {}\r\n", demo.address);
    let own = format!("{host}origin: http://{}\r\nsec-fetch-site: same-origin\r\n", demo.address);
    for request in [FIRE, BLOCK] {
        assert_eq!(status(&demo, request, &host), 200, "{request}");
        assert_eq!(status(&demo, request, &own), 200, "{request}");
        for lines in [
            format!("{host}sec-fetch-site: cross-site\r\n"),
            format!("{host}sec-fetch-site: same-site\r\n"),
            format!("{host}origin: http://evil.example\r\n"),
            format!("{host}x-forwarded-for: 203.0.113.7\r\n"),
            // A name of another site that leads to this machine.
            "host: evil.example\r\norigin: http://evil.example\r\nsec-fetch-site: same-origin\r\n"
                .to_owned(),
        ] {
            assert_eq!(status(&demo, request, &lines), 403, "{request} {lines}");
        }
    }
}

#[test]
fn who_may_fire_is_an_option() {
    let named = "host: demo.example\r\n";
    let foreign = format!("{named}origin: http://evil.example\r\n");
    let anyone = Demo::start(&["--experiment", "anyone"]);
    assert_eq!(status(&anyone, FIRE, named), 200);
    assert_eq!(status(&anyone, FIRE, &foreign), 403);
    let nobody = Demo::start(&["--experiment", "nobody"]);
    assert_eq!(status(&nobody, FIRE, &format!("host: {}\r\n", nobody.address)), 403);
}

#[test]
fn an_experiment_reaches_a_server_on_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.0.join("demo.sock");
    let mut program =
        command(&["--experiment", "anyone", "--addr", &format!("unix:{}", path.display())]);
    let process = Process::start(program.current_dir(&folder.0));
    process.line();
    let mut socket = UnixStream::connect(&path).unwrap();
    let head = format!("{FIRE} HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"statuses\":[[200,2]]"), "{answer}");
}
