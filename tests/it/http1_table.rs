//! What HTTP/1.1 says of single requests, row by row, each asked of this server and of
//! `axum::serve` in the same run.
//!
//! A row is the bytes of requests. A request that closes the connection follows each row, so that
//! the connection always ends: with `end` if the server has understood where the row ended.

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use unblock_runtime::server::Server;

use crate::axum_serve::axum_serve;
use crate::client::Bare;

/// The request after each row.
const END: &str = "GET /end HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";

/// Section, what is sent, and what may come: the statuses, and `end`. What RFC 9112 leaves to a
/// server has several. A `~` stands for `HTTP/1.1`, a `$` for the end of a line.
const ROWS: &[(&str, &str, &[&str])] = &[
    // RFC 9112: the message.
    ("9112 2.2 line ends in LF", "GET / ~\nhost: test\n\n", &["200 end", "400"]),
    ("9112 2.2 empty line ahead", "$GET / ~$host: test$$", &["200 end"]),
    ("9112 2.2 bare CR in a field", "GET / ~$host: test$a: b\rc$$", &["400"]),
    ("9112 2.2 space ahead of the first field", "GET / ~$ host: test$$", &["400"]),
    ("9112 2.2 nonsense", "nonsense$$", &["400"]),
    ("9112 2.3 a major version of its own", "GET / HTTP/3.0$host: test$$", &["400", "505"]),
    ("9112 2.3 a version in small letters", "GET / http/1.1$host: test$$", &["400", "505"]),
    ("9112 2.3 a version that is none", "GET / HTTP/x.y$host: test$$", &["400", "505"]),
    ("9112 3 no version", "GET /$$", &["400"]),
    ("9112 3 no target", "GET ~$host: test$$", &["400"]),
    ("9112 3 two spaces", "GET  / ~$host: test$$", &["400", "200 end"]),
    ("9112 3 a space in the target", "GET /a b ~$host: test$$", &["400"]),
    ("9112 3 a control character in the target", "GET /\x01 ~$host: test$$", &["400"]),
    ("9112 3.1 a method that is no token", "G{T / ~$host: test$$", &["400"]),
    ("9112 3.1 an unknown method", "FOO / ~$host: test$$", &["405 end", "501 end"]),
    ("9112 3.1 a method in small letters", "get / ~$host: test$$", &["405 end", "501 end", "400"]),
    ("9112 3.2 no Host", "GET / ~$$", &["400"]),
    ("9112 3.2 two Hosts", "GET / ~$host: test$host: test$$", &["400"]),
    ("9112 3.2 two different Hosts", "GET / ~$host: test$host: other$$", &["400"]),
    ("9112 3.2 a Host with a space", "GET / ~$host: a b$$", &["400"]),
    ("9112 3.2 a Host with a path", "GET / ~$host: test/a$$", &["400"]),
    ("9112 3.2 a Host with a user", "GET / ~$host: me@test$$", &["400"]),
    ("9112 3.2 a Host with a port that is none", "GET / ~$host: test:http$$", &["400"]),
    ("9112 3.2 a Host that is an address", "GET / ~$host: [::1]:80$$", &["200 end"]),
    ("9112 3.2 a Host with an empty port", "GET / ~$host: test:$$", &["200 end"]),
    ("9112 3.2.1 a query", "GET /?a=b ~$host: test$$", &["200 end"]),
    ("9112 3.2.1 no slash", "GET a ~$host: test$$", &["400", "404 end"]),
    ("9112 3.2.2 the absolute form", "GET http://test/ ~$host: test$$", &["200 end"]),
    ("9112 3.2.4 the asterisk", "OPTIONS * ~$host: test$$", &["200 end", "404 end", "405 end"]),
    ("9112 5 a field without a name", "GET / ~$host: test$: a$$", &["400"]),
    ("9112 5 a field without a colon", "GET / ~$host: test$a$$", &["400"]),
    ("9112 5.1 a space before the colon", "GET / ~$host : test$$", &["400"]),
    ("9112 5.1 no space after the colon", "GET / ~$host:test$$", &["200 end"]),
    ("9112 5.1 spaces around the value", "GET / ~$host: \t test \t $$", &["200 end"]),
    ("9112 5.2 a folded line", "GET / ~$host: test$a: b$ c$$", &["400", "200 end"]),
    // RFC 9112: where the body ends.
    ("9112 6.1 unknown coding", "POST / ~$host: test$transfer-encoding: x$$", &["400", "501"]),
    (
        "9112 6.1 chunked is not last",
        "POST / ~$host: test$transfer-encoding: chunked, gzip$$0$$",
        &["400"],
    ),
    (
        "9112 6.1 chunked twice",
        "POST / ~$host: test$transfer-encoding: chunked, chunked$$0$$",
        &["400", "501"],
    ),
    (
        "9112 6.1 chunked and a length",
        "POST / ~$host: test$content-length: 3$transfer-encoding: chunked$$3$abc$0$$",
        &["400", "200"],
    ),
    (
        "9112 6.1 a length and then chunked, which disagree",
        "POST / ~$host: test$transfer-encoding: chunked$content-length: 30$$3$abc$0$$",
        &["400", "200"],
    ),
    (
        "9112 6.1 chunked in HTTP/1.0",
        "POST / HTTP/1.0$host: test$transfer-encoding: chunked$$3$abc$0$$",
        &["400", "200"],
    ),
    ("9112 6.2 a body", "POST / ~$host: test$content-length: 3$$abc", &["200 end"]),
    ("9112 6.2 no body and no length", "POST / ~$host: test$$", &["200 end", "411"]),
    ("9112 6.2 a body of GET", "GET / ~$host: test$content-length: 3$$abc", &["200 end"]),
    ("9112 6.3 a length that is no number", "POST / ~$host: test$content-length: a$$", &["400"]),
    ("9112 6.3 a negative length", "POST / ~$host: test$content-length: -1$$", &["400"]),
    ("9112 6.3 a length with a sign", "POST / ~$host: test$content-length: +3$$abc", &["400"]),
    ("9112 6.3 a length in hex", "POST / ~$host: test$content-length: 0x3$$abc", &["400"]),
    ("9112 6.3 an empty length", "POST / ~$host: test$content-length:$$", &["400"]),
    (
        "9112 6.3 two lengths",
        "POST / ~$host: test$content-length: 3$content-length: 4$$abc",
        &["400"],
    ),
    (
        "9112 6.3 one length twice",
        "POST / ~$host: test$content-length: 3$content-length: 3$$abc",
        &["400", "200 end"],
    ),
    (
        "9112 6.3 two lengths in one field",
        "POST / ~$host: test$content-length: 3, 4$$abc",
        &["400"],
    ),
    (
        "9112 6.3 a length beyond all numbers",
        "POST / ~$host: test$content-length: 99999999999999999999$$",
        &["400", "413"],
    ),
    (
        "9112 7.1 chunks",
        "POST / ~$host: test$transfer-encoding: chunked$$3$abc$A$0123456789$0$$",
        &["200 end"],
    ),
    (
        "9112 7.1 a size with zeros",
        "POST / ~$host: test$transfer-encoding: chunked$$0003$abc$0$$",
        &["200 end"],
    ),
    (
        "9112 7.1 a size that is none",
        "POST / ~$host: test$transfer-encoding: chunked$$g$abc$0$$",
        &["400"],
    ),
    (
        "9112 7.1 a negative size",
        "POST / ~$host: test$transfer-encoding: chunked$$-3$abc$0$$",
        &["400"],
    ),
    (
        "9112 7.1 a size with a prefix",
        "POST / ~$host: test$transfer-encoding: chunked$$0x3$abc$0$$",
        &["400"],
    ),
    (
        "9112 7.1 a size beyond all numbers",
        "POST / ~$host: test$transfer-encoding: chunked$$10000000000000003$abc$0$$",
        &["400", "413"],
    ),
    (
        "9112 7.1 no line end after a chunk",
        "POST / ~$host: test$transfer-encoding: chunked$$3$abcd$0$$",
        &["400"],
    ),
    (
        "9112 7.1.1 an extension",
        "POST / ~$host: test$transfer-encoding: chunked$$3;a=b$abc$0$$",
        &["200 end"],
    ),
    (
        "9112 7.1.1 an extension with a bare LF",
        "POST / ~$host: test$transfer-encoding: chunked$$3;a\nabc$0$$",
        &["400"],
    ),
    (
        "9112 7.1.2 trailers",
        "POST / ~$host: test$transfer-encoding: chunked$$3$abc$0$a: b$$",
        &["200 end"],
    ),
    // RFC 9112: the connection.
    ("9112 9.3 HTTP/1.0 closes", "GET / HTTP/1.0$host: test$$", &["200"]),
    (
        "9112 9.3 HTTP/1.0 that does not",
        "GET / HTTP/1.0$host: test$connection: keep-alive$$",
        &["200 end"],
    ),
    (
        "9112 9.3.2 one behind the other",
        "GET / ~$host: test$$GET / ~$host: test$$",
        &["200 200 end"],
    ),
    (
        "9112 9.3.2 behind a body",
        "POST / ~$host: test$content-length: 3$$abcGET / ~$host: test$$",
        &["200 200 end"],
    ),
    ("9112 9.6 close", "GET / ~$host: test$connection: close$$", &["200"]),
    ("9112 9.6 Close in a list", "GET / ~$host: test$connection: foo, Close$$", &["200"]),
    // RFC 9110.
    ("9110 5.5 a value of other letters", "GET / ~$host: test$a: \u{e9}$$", &["200 end"]),
    ("9110 5.5 a NUL in a value", "GET / ~$host: test$a: b\0c$$", &["400"]),
    ("9110 5.5 a tab in a value", "GET / ~$host: test$a: b\tc$$", &["200 end"]),
    ("9110 5.6.2 a name that is no token", "GET / ~$host: test$a(b: c$$", &["400"]),
    ("9110 5.6.2 a name of other letters", "GET / ~$host: test$\u{e9}: c$$", &["400"]),
    ("9110 7.2 an empty Host", "GET / ~$host:$$", &["400"]),
    ("9110 9.3.2 HEAD", "HEAD / ~$host: test$$", &["200 end"]),
    (
        "9110 9.3.6 CONNECT refused",
        "CONNECT test:1 ~$host: test:1$$",
        &["404 end", "405 end", "400"],
    ),
    (
        "9110 10.1.1 continue, and the body is there",
        "POST / ~$host: test$expect: 100-continue$content-length: 3$$abc",
        &["100 200 end", "200 end"],
    ),
    (
        "9110 10.1.1 continue in HTTP/1.0",
        "POST / HTTP/1.0$host: test$expect: 100-continue$content-length: 3$$abc",
        &["200"],
    ),
    (
        "9110 10.1.1 continue, refused",
        "POST /nowhere ~$host: test$expect: 100-continue$content-length: 3000$$",
        &["404"],
    ),
    ("9110 15.5.5 not found", "GET /nowhere ~$host: test$$", &["404 end"]),
    ("9110 15.5.6 not allowed", "DELETE /end ~$host: test$$", &["405 end"]),
];

/// Rows in which `axum::serve` does something else than the RFC allows.
const PEER_DIFFERS: &[&str] = &[
    "9112 3.2 no Host",
    "9112 3.2 two Hosts",
    "9112 3.2 two different Hosts",
    "9112 3.2 a Host with a space",
    "9112 3.2 a Host with a path",
    "9112 3.2 a Host with a user",
    "9112 3.2 a Host with a port that is none",
    "9112 6.1 chunked twice",
    "9110 7.2 an empty Host",
];

fn router() -> Router {
    let echo = |body: Bytes| async { body };
    Router::new().route("/", get(echo).post(echo)).route("/end", get(|| async { "end\n" }))
}

#[track_caller]
fn outcome(server: std::net::SocketAddr, row: &str) -> String {
    let mut connection = Bare::connect(server);
    // In one piece, for the server may close in between.
    connection.send(row.replace('$', "\r\n").replace('~', "HTTP/1.1") + END);
    let text = connection.rest();
    let mut outcome: Vec<&str> = text
        .match_indices("HTTP/1.")
        .filter_map(|(at, _)| text.get(at + "HTTP/1.1 ".len()..)?.get(..3))
        .collect();
    if text.ends_with("end\n") {
        outcome.pop();
        outcome.push("end");
    }
    outcome.join(" ")
}

#[test]
fn this_server_is_right_in_every_row() {
    let server = Server::builder().loops(1).bind("127.0.0.1:0").unwrap().start(router()).unwrap();
    let peer = axum_serve(router());
    println!("{} rows", ROWS.len());
    let mut differs = Vec::new();
    let mut wrong = Vec::new();
    for (section, row, right) in ROWS {
        let (ours, theirs) = (outcome(server.local_addr(), row), outcome(peer, row));
        if !right.contains(&ours.as_str()) {
            wrong.push(format!("{section}: {ours:?}, and not one of {right:?}; {theirs:?}"));
        }
        if !right.contains(&theirs.as_str()) {
            differs.push(*section);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{differs:#?}");
    assert_eq!(differs, PEER_DIFFERS);
}
