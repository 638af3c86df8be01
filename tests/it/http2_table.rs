//! What HTTP/2 says of single frames, row by row, each asked of this server and of `axum::serve` in
//! the same run.
//!
//! A PING follows each row, so that something always comes: the end of the connection, or the end
//! of stream 1 and the answer to the PING.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use unblock_runtime::server::Server;

use crate::axum_serve::axum_serve;
use crate::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, GOAWAY, HEADERS, PING,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, block, request_fields, status,
};

const PRIORITY: u8 = 2;
const PUSH_PROMISE: u8 = 5;
const PADDED: u8 = 8;

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const COMPRESSION_ERROR: u32 = 9;

/// What may come of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The connection goes on.
    Fine,
    /// Stream 1 is responded to.
    Status(u16),
    /// Stream 1 is reset.
    Reset(u32),
    /// The connection ends with a GOAWAY.
    GoAway(u32),
    /// The connection ends.
    Closed,
}

use Outcome::{Closed, Fine, GoAway, Reset, Status};

struct Row {
    section: &'static str,
    frames: Vec<Frame>,
    right: Vec<Outcome>,
}

fn row(section: &'static str, frames: Vec<Frame>, right: &[Outcome]) -> Row {
    Row { section, frames, right: right.to_vec() }
}

/// A row whose frames end the connection with an error. Whether it says so first is its own choice
/// (RFC 9113, section 5.4.1), and the h2 crate does not always say which.
fn fatal(section: &'static str, frames: Vec<Frame>, error: u32) -> Row {
    row(section, frames, &[GoAway(error), GoAway(PROTOCOL_ERROR), Closed])
}

/// A row with a request that is malformed: the stream is reset, or answered with 400, or the
/// connection ends (RFC 9113, section 8.1.1).
fn malformed(section: &'static str, fields: &[(&str, &str)]) -> Row {
    let frames = vec![Frame::head(1, END_STREAM, fields)];
    row(section, frames, &[Reset(PROTOCOL_ERROR), GoAway(PROTOCOL_ERROR), Status(400)])
}

fn get_request() -> Frame {
    Frame::request(1, "GET", "/")
}

/// A POST whose body is to come.
fn post_request() -> Frame {
    Frame::head(1, 0, &request_fields("POST", "/"))
}

fn with(field: (&'static str, &'static str)) -> Vec<(&'static str, &'static str)> {
    let mut fields = request_fields("GET", "/").to_vec();
    fields.push(field);
    fields
}

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn framing() -> Vec<Row> {
    let fields = block(&request_fields("GET", "/"));
    let (first, second) = fields.split_at(10);
    vec![
        row(
            "4.1 a frame of an unknown kind",
            vec![Frame::new(77, 1, 1, *b"?"), get_request()],
            &[Status(200)],
        ),
        row(
            "4.1 a reserved bit",
            vec![Frame { stream: 1 << 31 | 1, ..get_request() }],
            &[Status(200)],
        ),
        fatal(
            "4.2 a frame that is too long",
            vec![post_request(), Frame::new(DATA, 0, 1, vec![0; 16_385])],
            FRAME_SIZE_ERROR,
        ),
        fatal(
            "4.3 a block that is none",
            vec![Frame::new(HEADERS, END_HEADERS | END_STREAM, 1, [0xff; 8])],
            COMPRESSION_ERROR,
        ),
        fatal("5.1 DATA on an idle stream", vec![Frame::new(DATA, 0, 1, *b"a")], PROTOCOL_ERROR),
        fatal(
            "5.1 RST_STREAM on an idle stream",
            vec![Frame::new(RST_STREAM, 0, 1, [0; 4])],
            PROTOCOL_ERROR,
        ),
        fatal(
            "5.1 WINDOW_UPDATE on an idle stream",
            vec![Frame::window_update(1, 1)],
            PROTOCOL_ERROR,
        ),
        row(
            "5.1 DATA after the end",
            vec![get_request(), Frame::new(DATA, 0, 1, *b"a")],
            &[
                GoAway(STREAM_CLOSED),
                Reset(STREAM_CLOSED),
                Status(200),
                Closed,
                GoAway(PROTOCOL_ERROR),
            ],
        ),
        fatal("5.1.1 an even stream", vec![Frame::request(2, "GET", "/")], PROTOCOL_ERROR),
        row(
            "5.1.1 a lower stream",
            vec![Frame::request(5, "GET", "/"), Frame::request(3, "GET", "/")],
            &[GoAway(PROTOCOL_ERROR), GoAway(STREAM_CLOSED), Closed],
        ),
        fatal("6.1 DATA on stream 0", vec![Frame::new(DATA, 0, 0, *b"a")], PROTOCOL_ERROR),
        fatal(
            "6.1 more padding than DATA",
            vec![post_request(), Frame::new(DATA, PADDED, 1, [9, 0])],
            PROTOCOL_ERROR,
        ),
        row(
            "6.1 padded DATA",
            vec![post_request(), Frame::new(DATA, PADDED | END_STREAM, 1, [2, b'a', 0, 0])],
            &[Status(200)],
        ),
        row(
            "6.1 empty DATA",
            vec![post_request(), Frame::new(DATA, END_STREAM, 1, [])],
            &[Status(200)],
        ),
        fatal("6.2 HEADERS on stream 0", vec![Frame::request(0, "GET", "/")], PROTOCOL_ERROR),
        fatal(
            "6.2 more padding than HEADERS",
            vec![Frame::new(HEADERS, PADDED | END_HEADERS, 1, [99, 0])],
            PROTOCOL_ERROR,
        ),
        fatal(
            "6.3 PRIORITY on stream 0",
            vec![Frame::new(PRIORITY, 0, 0, [0, 0, 0, 1, 0])],
            PROTOCOL_ERROR,
        ),
        row(
            "6.3 PRIORITY",
            vec![Frame::new(PRIORITY, 0, 1, [0, 0, 0, 0, 9]), get_request()],
            &[Status(200)],
        ),
        fatal(
            "6.4 RST_STREAM on stream 0",
            vec![Frame::new(RST_STREAM, 0, 0, [0; 4])],
            PROTOCOL_ERROR,
        ),
        fatal(
            "6.4 a short RST_STREAM",
            vec![post_request(), Frame::new(RST_STREAM, 0, 1, [0; 3])],
            FRAME_SIZE_ERROR,
        ),
        fatal("6.5 SETTINGS on a stream", vec![Frame::new(SETTINGS, 0, 1, [])], PROTOCOL_ERROR),
        fatal(
            "6.5 an acknowledgement with settings",
            vec![Frame::new(SETTINGS, ACK, 0, [0; 6])],
            FRAME_SIZE_ERROR,
        ),
        fatal("6.5 half a setting", vec![Frame::new(SETTINGS, 0, 0, [0; 3])], FRAME_SIZE_ERROR),
        row(
            "6.5.2 an unknown setting",
            vec![Frame::settings(&[(0x7777, 1)]), get_request()],
            &[Status(200)],
        ),
        fatal("6.5.2 ENABLE_PUSH of 2", vec![Frame::settings(&[(2, 2)])], PROTOCOL_ERROR),
        fatal(
            "6.5.2 too large a window",
            vec![Frame::settings(&[(4, 1 << 31)])],
            FLOW_CONTROL_ERROR,
        ),
        fatal("6.5.2 too small a frame", vec![Frame::settings(&[(5, 100)])], PROTOCOL_ERROR),
        fatal(
            "6.6 PUSH_PROMISE of a client",
            vec![get_request(), Frame::new(PUSH_PROMISE, END_HEADERS, 1, [0, 0, 0, 2])],
            PROTOCOL_ERROR,
        ),
        row("6.7 PING", vec![Frame::ping()], &[Fine]),
        fatal("6.7 PING on a stream", vec![Frame::new(PING, 0, 1, [0; 8])], PROTOCOL_ERROR),
        fatal("6.7 a short PING", vec![Frame::new(PING, 0, 0, [0; 7])], FRAME_SIZE_ERROR),
        fatal("6.8 GOAWAY on a stream", vec![Frame::new(GOAWAY, 0, 1, [0; 8])], PROTOCOL_ERROR),
        fatal("6.9 WINDOW_UPDATE by 0", vec![Frame::window_update(0, 0)], PROTOCOL_ERROR),
        row(
            "6.9 WINDOW_UPDATE of a stream by 0",
            vec![post_request(), Frame::window_update(1, 0)],
            &[Reset(PROTOCOL_ERROR), GoAway(PROTOCOL_ERROR)],
        ),
        fatal(
            "6.9 a short WINDOW_UPDATE",
            vec![Frame::new(WINDOW_UPDATE, 0, 0, [0; 3])],
            FRAME_SIZE_ERROR,
        ),
        fatal(
            "6.9.1 too large a window",
            vec![Frame::window_update(0, (1 << 31) - 1)],
            FLOW_CONTROL_ERROR,
        ),
        row(
            "6.9.1 too large a window of a stream",
            vec![post_request(), Frame::window_update(1, (1 << 31) - 1)],
            &[Reset(FLOW_CONTROL_ERROR), GoAway(FLOW_CONTROL_ERROR)],
        ),
        fatal(
            "6.10 CONTINUATION of nothing",
            vec![Frame::new(CONTINUATION, END_HEADERS, 1, [])],
            PROTOCOL_ERROR,
        ),
        fatal(
            "6.10 a frame in between",
            vec![
                Frame::new(HEADERS, END_STREAM, 1, first),
                Frame::ping(),
                Frame::new(CONTINUATION, END_HEADERS, 1, second),
            ],
            PROTOCOL_ERROR,
        ),
        fatal(
            "6.10 CONTINUATION of another stream",
            vec![
                Frame::new(HEADERS, END_STREAM, 1, first),
                Frame::new(CONTINUATION, END_HEADERS, 3, second),
            ],
            PROTOCOL_ERROR,
        ),
        row(
            "6.10 CONTINUATION",
            vec![
                Frame::new(HEADERS, END_STREAM, 1, first),
                Frame::new(CONTINUATION, END_HEADERS, 1, second),
            ],
            &[Status(200)],
        ),
    ]
}

fn messages() -> Vec<Row> {
    let [method, scheme, path, authority] = request_fields("GET", "/");
    vec![
        row(
            "8.1 a body",
            vec![post_request(), Frame::new(DATA, END_STREAM, 1, *b"abc")],
            &[Status(200)],
        ),
        row(
            "8.1 trailers",
            vec![
                post_request(),
                Frame::new(DATA, 0, 1, *b"abc"),
                Frame::head(1, END_STREAM, &[("a", "b")]),
            ],
            &[Status(200)],
        ),
        row(
            "8.1 trailers that are not the end",
            vec![post_request(), Frame::head(1, 0, &[("a", "b")])],
            &[Reset(PROTOCOL_ERROR), GoAway(PROTOCOL_ERROR), Status(400)],
        ),
        row(
            "8.1 pseudo-fields in trailers",
            vec![post_request(), Frame::head(1, END_STREAM, &[(":path", "/")])],
            &[Reset(PROTOCOL_ERROR), GoAway(PROTOCOL_ERROR), Status(400)],
        ),
        row(
            "8.1.1 more body than its length",
            vec![
                Frame::head(1, 0, &{
                    let mut fields = request_fields("POST", "/").to_vec();
                    fields.push(("content-length", "2"));
                    fields
                }),
                Frame::new(DATA, END_STREAM, 1, *b"abc"),
            ],
            &[Reset(PROTOCOL_ERROR), GoAway(PROTOCOL_ERROR), Status(400)],
        ),
        row(
            "8.1.1 less body than its length",
            vec![
                Frame::head(1, 0, &{
                    let mut fields = request_fields("POST", "/").to_vec();
                    fields.push(("content-length", "4"));
                    fields
                }),
                Frame::new(DATA, END_STREAM, 1, *b"abc"),
            ],
            &[Reset(PROTOCOL_ERROR), GoAway(PROTOCOL_ERROR), Status(400)],
        ),
        malformed("8.2 a name in capitals", &with(("Name", "a"))),
        malformed("8.2.1 a NUL in a value", &with(("a", "b\0c"))),
        malformed("8.2.1 a line end in a value", &with(("a", "b\r\nc: d"))),
        malformed("8.2.1 a space in a name", &with(("a b", "c"))),
        malformed("8.2.2 connection", &with(("connection", "close"))),
        malformed("8.2.2 transfer-encoding", &with(("transfer-encoding", "chunked"))),
        malformed("8.2.2 upgrade", &with(("upgrade", "a"))),
        malformed("8.2.2 te that is not trailers", &with(("te", "gzip"))),
        row(
            "8.2.2 te: trailers",
            vec![Frame::head(1, END_STREAM, &with(("te", "trailers")))],
            &[Status(200)],
        ),
        row(
            "8.2.3 cookies apart",
            vec![Frame::head(
                1,
                END_STREAM,
                &[&with(("cookie", "a=b"))[..], &[("cookie", "c=d")]].concat(),
            )],
            &[Status(200)],
        ),
        malformed("8.3 an unknown pseudo-field", &[method, scheme, path, authority, (":a", "b")]),
        malformed(
            "8.3 a pseudo-field of responses",
            &[method, scheme, path, authority, (":status", "200")],
        ),
        malformed(
            "8.3 a pseudo-field behind a field",
            &[method, scheme, ("a", "b"), path, authority],
        ),
        malformed("8.3.1 no method", &[scheme, path, authority]),
        malformed("8.3.1 no scheme", &[method, path, authority]),
        malformed("8.3.1 no path", &[method, scheme, authority]),
        malformed("8.3.1 an empty path", &[method, scheme, (":path", ""), authority]),
        malformed("8.3.1 two methods", &[method, method, scheme, path, authority]),
        malformed("8.3.1 two paths", &[method, scheme, path, path, authority]),
        malformed("8.3.1 a Host that differs", &with(("host", "other"))),
        row(
            "8.3.1 a Host that agrees",
            vec![Frame::head(1, END_STREAM, &with(("host", "test")))],
            &[Status(200)],
        ),
        malformed("8.5 CONNECT with a path", &[(":method", "CONNECT"), scheme, path, authority]),
        malformed("8.5 CONNECT without an authority", &[(":method", "CONNECT")]),
        row("9110 9.3.2 HEAD", vec![Frame::request(1, "HEAD", "/")], &[Status(200)]),
        row("9110 15.5.5 not found", vec![Frame::request(1, "GET", "/nowhere")], &[Status(404)]),
        row("9110 15.5.6 not allowed", vec![Frame::request(1, "DELETE", "/")], &[Status(405)]),
    ]
}

/// Rows in which this server does something else than the RFC allows, and so does `axum::serve`:
/// the h2 crate drops the pseudo-field before anybody sees it.
const DIFFERS: &[&str] = &["8.1 pseudo-fields in trailers"];

/// Rows in which `axum::serve` does something else than the RFC allows.
const PEER_DIFFERS: &[&str] = &[
    "8.1 pseudo-fields in trailers",
    "8.3.1 a Host that differs",
    "8.5 CONNECT without an authority",
];

fn router() -> Router {
    let echo = |body: Bytes| async { body };
    Router::new().route("/", get(echo).post(echo))
}

#[track_caller]
fn outcome(server: SocketAddr, row: &Row) -> Outcome {
    const PROBE: &[u8] = b"the end.";
    let mut frames = Frames::connect(server, &[]);
    for frame in &row.frames {
        frames.send(frame);
    }
    frames.send(&Frame::new(PING, 0, 0, PROBE));
    let waits = !row.right.contains(&Fine);
    let (mut response, mut ponged) = (None, false);
    while let Some(frame) = frames.next() {
        match frame.kind {
            GOAWAY if frame.error() != 0 => return GoAway(frame.error()),
            HEADERS if frame.stream == 1 => {
                response = Some(Status(status(&[frame]).expect("a status")));
            }
            RST_STREAM if frame.stream == 1 && frame.error() != 0 => return Reset(frame.error()),
            PING if frame.flags & ACK != 0 && frame.payload == PROBE => ponged = true,
            _ => {}
        }
        if ponged && (response.is_some() || !waits) {
            return response.unwrap_or(Fine);
        }
    }
    Closed
}

#[test]
fn this_server_is_right_in_every_row() {
    let server = Server::builder().loops(1).bind("127.0.0.1:0").unwrap().start(router()).unwrap();
    let peer = axum_serve(router());
    let rows: Vec<Row> = framing().into_iter().chain(messages()).collect();
    println!("{} rows", rows.len());
    let (mut wrong, mut differs) = (Vec::new(), Vec::new());
    for row in &rows {
        let (ours, theirs) = (outcome(server.local_addr(), row), outcome(peer, row));
        if !row.right.contains(&ours) && !DIFFERS.contains(&row.section) {
            wrong.push(format!("{}: {ours:?}, not {:?}; {theirs:?}", row.section, row.right));
        }
        if !row.right.contains(&theirs) {
            differs.push(row.section);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{differs:#?}");
    assert_eq!(differs, PEER_DIFFERS);
}
