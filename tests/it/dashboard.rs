//! The page of the library, as a browser gets it: its files, and the stream of pictures.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use axum::Router;
use hyper::{Method, StatusCode};
use serde_json::Value;
use unblock_runtime::server::Server;
use unblock_runtime::{Pool, dashboard};

use crate::axum_serve::axum_serve;
use crate::client::Client;
use crate::support::{DEADLINE, block_on};

fn router() -> Router {
    Router::new().nest_service("/unblock", dashboard())
}

/// The events of a stream, as they come.
struct Events(BufReader<TcpStream>);

struct Picture {
    id: String,
    data: Value,
}

impl Events {
    #[track_caller]
    fn open(server: SocketAddr, header: &str) -> Self {
        Self(BufReader::new(ask(server, header)))
    }

    /// The next event, or `None` if the stream has ended.
    #[track_caller]
    fn next(&mut self) -> Option<Picture> {
        let mut id = String::new();
        let mut line = String::new();
        while self.0.read_line(&mut line).expect("a line in time") > 0 {
            if let Some(text) = line.strip_prefix("id: ") {
                text.trim().clone_into(&mut id);
            } else if let Some(text) = line.strip_prefix("data: ") {
                return Some(Picture { id, data: serde_json::from_str(text).expect("JSON") });
            }
            line.clear();
        }
        None
    }
}

/// Asks for the stream, and reads nothing of it yet.
#[track_caller]
fn ask(server: SocketAddr, header: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let head =
        format!("GET /unblock/events HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{header}\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

fn points(picture: &Picture) -> Vec<u64> {
    let points = picture.data["points"].as_array().into_iter().flatten();
    points.map(|point| point["time"].as_u64().unwrap()).collect()
}

/// The paths that a file of the page loads: those in quotes that end like files.
fn links(text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    let is_file = |name: &&str| [".js", ".css", ".svg"].iter().any(|end| name.ends_with(end));
    quoted.filter(is_file).map(|name| name.trim_start_matches("./").to_owned()).collect()
}

#[test]
fn the_page_and_all_that_it_loads_is_there_and_runs_no_code_from_elsewhere() {
    let client = Client::new(axum_serve(router()));
    let page = client.get("/unblock/");
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let mut todo = links(page.told().1);
    let mut seen = BTreeSet::new();
    while let Some(name) = todo.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let file = client.get(&format!("/unblock/{name}"));
        assert_eq!(file.status, StatusCode::OK, "{name}");
        let extension = name.rsplit_once('.').unwrap().1;
        let kind = match extension {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            _ => "image/svg+xml",
        };
        assert_eq!(file.headers["content-type"], kind, "{name}");
        assert_eq!(file.headers["x-content-type-options"], "nosniff", "{name}");
        let policy = file.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{name}: {policy}");
        let text = String::from_utf8_lossy(&file.body).into_owned();
        for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"] {
            assert!(!text.contains(markup), "{name} puts text in as markup: {markup}");
        }
        if extension == "js" && !name.starts_with("uplot/") {
            todo.extend(links(&text));
        }
    }
    assert!(seen.contains("workers.js") && seen.contains("uplot/uPlot.iife.min.js"), "{seen:?}");
}

#[test]
fn the_page_leads_to_itself_with_a_slash_so_that_its_links_are_right() {
    let response = Client::new(axum_serve(router())).get("/unblock");
    assert_eq!(response.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(response.headers["location"], "unblock/");
}

#[test]
fn what_the_page_does_not_have_is_refused() {
    let client = Client::new(axum_serve(router()));
    assert_eq!(client.get("/unblock/secret.js").status, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/unblock/../Cargo.toml").status, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/unblock/function").status, StatusCode::BAD_REQUEST);
    let unknown = "/unblock/function?pool=none&name=none";
    assert_eq!(client.get(unknown).status, StatusCode::NOT_FOUND);
    for path in ["/unblock/", "/unblock/events", "/unblock/dashboard.js", "/unblock/function"] {
        let response = client.begin(Method::POST, path, "".into()).wait();
        assert_eq!(response.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[test]
fn the_first_event_has_everything_and_the_last_two_minutes() {
    block_on(Pool::global().submit(|| ())).unwrap();
    let server = axum_serve(router());
    // The history begins with the first page of the process, and its first second has to pass.
    while points(&Events::open(server, "").next().unwrap()).len() < 2 {}
    let mut events = Events::open(server, "");
    let first = events.next().unwrap();
    assert_eq!(first.data["now"]["process"], std::process::id());
    let pools = first.data["now"]["pools"].as_array().unwrap();
    let pool = pools.iter().find(|pool| pool["name"] == Pool::global().stats().name).unwrap();
    assert!(pool["outcomes"]["completed"].as_u64().unwrap() > 0, "{pool}");
    assert!(!pool["workers"].as_array().unwrap().is_empty(), "{pool}");
    assert!(first.data["table"]["rows"].is_array(), "{}", first.data);
    let known = points(&first);
    assert!(known.len() >= 2 && known.is_sorted(), "{known:?}");

    // Later events have what is new: the points once each.
    let next = loop {
        let next = events.next().unwrap();
        assert!(next.data["now"]["pools"].is_array(), "{}", next.data);
        if !points(&next).is_empty() {
            break next;
        }
        assert!(next.data.get("table").is_none(), "{}", next.data);
    };
    assert!(points(&next).iter().all(|time| time > known.last().unwrap()));
}

#[test]
fn a_browser_that_connects_again_is_sent_what_it_missed() {
    let server = axum_serve(router());
    let last = loop {
        let picture = Events::open(server, "").next().unwrap();
        if !points(&picture).is_empty() {
            break picture;
        }
    };
    let newest = *points(&last).last().unwrap();
    let again = Events::open(server, &format!("last-event-id: {}\r\n", last.id)).next().unwrap();
    assert!(points(&again).iter().all(|time| *time > newest), "{}", again.data);
    assert!(again.data["table"].is_object());
    // What was sent by another process says nothing of this one.
    let of_other = Events::open(server, "last-event-id: 1-99999999999999999\r\n").next().unwrap();
    assert!(points(&of_other).contains(&newest), "{}", of_other.data);
}

#[test]
fn browsers_that_read_nothing_keep_nobody_else_waiting() {
    let server = axum_serve(router());
    let _silent: Vec<_> = (0..50).map(|_| ask(server, "")).collect();
    let mut events = Events::open(server, "");
    for _ in 0..8 {
        assert!(events.next().is_some());
    }
    let client = Client::new(server);
    assert_eq!(client.get("/unblock/").status, StatusCode::OK);
}

#[test]
fn a_server_that_stops_does_not_wait_for_browsers_that_look() {
    let builder = Server::builder().grace(Duration::MAX);
    let server = builder.bind("127.0.0.1:0").unwrap().start(router()).unwrap();
    let mut events = Events::open(server.local_addr(), "");
    assert!(events.next().is_some());
    let report = server.stop().unwrap();
    assert!(report.is_clean(), "{report}");
    while events.next().is_some() {}
}
