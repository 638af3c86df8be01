//! Every route with what it does not take: the stated status, one line, and the server goes on.

use std::io::Cursor;

use bytes::Bytes;
use hyper::Method;
use image::{DynamicImage, ImageFormat};

use crate::client::{Bare, Client, ClientResponse};
use crate::demo::Demo;

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture that claims to be larger than it may be, in the few bytes of its header.
fn bomb() -> Vec<u8> {
    let mut png = picture(8, 8, ImageFormat::Png);
    // The header's width, and its checksum, which the decoder looks at first.
    png[16..20].copy_from_slice(&1_000_000_u32.to_be_bytes());
    let sum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

fn ask(client: &Client, method: &str, path: &str, body: impl Into<Bytes>) -> ClientResponse {
    client.begin(Method::from_bytes(method.as_bytes()).unwrap(), path, body.into()).wait()
}

#[test]
fn every_mode_refuses_bad_input_alike_and_goes_on() {
    for mode in ["unblock", "single", "processes"] {
        let demo = Demo::start(&["--mode", mode]);
        let client = Client::new(demo.address);
        for path in ["-1", "abc", "NaN", "inf", "1e9", "3600.1", "%20", "%FF", "0x1"] {
            ask(&client, "GET", &format!("/sleep/{path}"), "").assert_line(400);
        }
        for path in ["-1", "abc", "1.5", "60000001", "99999999999999999999", "%FF"] {
            ask(&client, "GET", &format!("/spin/{path}"), "").assert_line(400);
        }
        ask(&client, "POST", "/hash", "").assert_line(400);
        for query in [
            "",
            "?width=",
            "?width=0",
            "?width=-1",
            "?width=abc",
            "?width=4097",
            "?height=3",
            "?%FF",
        ] {
            let png = picture(8, 8, ImageFormat::Png);
            ask(&client, "POST", &format!("/thumbnail{query}"), png).assert_line(400);
        }
        ask(&client, "POST", "/thumbnail?width=8", "").assert_line(400);
        ask(&client, "POST", "/thumbnail?width=8", "not a picture").assert_line(415);
        ask(&client, "POST", "/thumbnail?width=8", &b"GIF89a"[..]).assert_line(415);
        let whole = picture(64, 64, ImageFormat::Png);
        ask(&client, "POST", "/thumbnail?width=8", whole[..whole.len() / 2].to_vec())
            .assert_line(422);
        ask(&client, "POST", "/thumbnail?width=8", bomb()).assert_line(422);
        ask(&client, "POST", "/notes", "").assert_line(400);
        ask(&client, "POST", "/notes", " \n").assert_line(400);
        ask(&client, "POST", "/notes", "two\nlines").assert_line(400);
        ask(&client, "POST", "/notes", &b"\xff\xfe"[..]).assert_line(400);
        ask(&client, "POST", "/notes", "x".repeat(4097)).assert_line(413);

        for path in ["/nothing", "/sleep", "/sleep/", "/sleep/1/2", "/Hash", "//"] {
            ask(&client, "GET", path, "").assert_line(404);
        }
        for (method, path, allow) in [
            ("POST", "/", "GET,HEAD"),
            ("DELETE", "/hash", "POST"),
            ("GET", "/hash", "POST"),
            ("PUT", "/notes", "GET,HEAD,POST"),
            ("POST", "/sleep/1", "GET,HEAD"),
            ("PATCH", "/thumbnail?width=1", "POST"),
            ("POST", "/metrics", "GET,HEAD"),
        ] {
            let response = ask(&client, method, path, "");
            response.assert_line(405);
            assert_eq!(response.headers["allow"], allow, "{method} {path}");
        }
        for path in ["/hash", "/notes", "/thumbnail?width=8"] {
            ask(&client, "POST", path, vec![b'x'; 11 << 20]).assert_line(413);
        }
        let mut chunked = Bare::connect(demo.address);
        chunked.send(
            "POST /hash HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nB00000\r\n",
        );
        chunked.send(vec![b'x'; 11 << 20]);
        assert_eq!(chunked.response().0, 413);
        let mut nonsense = Bare::connect(demo.address);
        nonsense.send("nonsense\r\n\r\n");
        assert!(nonsense.rest().starts_with("HTTP/1.1 400 "));

        every_route_answers(&client);
    }
}

fn every_route_answers(client: &Client) {
    let text = |path: &str| {
        let response = ask(client, "GET", path, "");
        assert_eq!(response.status, 200, "{path}");
        String::from_utf8(response.body.to_vec()).unwrap()
    };
    assert!(text("/").starts_with("Hello, world "));
    assert!(text("/sleep/0.001").starts_with("Awake! "));
    assert!(text("/sleep/0").starts_with("Awake! "));
    assert!(text("/spin/1000").starts_with("burnt "));
    assert_eq!(text("/healthz"), "ok\n");
    assert!(text("/metrics").contains("unblock_info{mode="));
    assert!(text("/dashboard").contains("<title>unblock</title>"));
    ask(client, "GET", "/healthz", "").assert_line(200);

    let hash = ask(client, "POST", "/hash", "a password");
    assert!(hash.told().1.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));

    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let response = ask(client, "POST", "/thumbnail?width=16", picture(64, 32, format));
        assert_eq!(
            (response.status.as_u16(), &response.headers["content-type"]),
            (200, &"image/png".parse().unwrap())
        );
        let small = image::load_from_memory_with_format(&response.body, ImageFormat::Png).unwrap();
        assert_eq!((small.width(), small.height()), (16, 8));
        assert!(!response.headers.contains_key("thumbnail-note"));
    }
    let mut wide = Cursor::new(Vec::new());
    DynamicImage::new_rgb16(8, 8).write_to(&mut wide, ImageFormat::Png).unwrap();
    let response = ask(client, "POST", "/thumbnail?width=8", wide.into_inner());
    assert_eq!(response.headers["thumbnail-note"], "colors of 16 bits became 8 bits");

    let added = ask(client, "POST", "/notes", "Käse kaufen\n");
    assert_eq!(added.told().0, 201);
    assert!(text("/notes").lines().any(|line| line.ends_with("\tKäse kaufen")));
}
