//! The same for all examples that speak HTTP and have the routes of `axum`.

use std::thread::JoinHandle;

use crate::server::{Response, Server, eventually};

/// What an example says of a call that failed: the library's responses, or the texts of its errors.
struct Texts {
    refused: &'static str,
    timed_out: &'static str,
    panicked: &'static str,
}

const RESPONSES: Texts = Texts {
    refused: "overloaded; try again later",
    timed_out: "this took too long and was given up",
    panicked: "internal server error",
};

const ERRORS: Texts = Texts {
    refused: "the pool is overloaded; try again later",
    timed_out: "the deadline passed before the job's end; it may have begun",
    panicked: "the job panicked",
};

/// Writes the tests of each example. The number is the status by which its framework, or the
/// example itself, answers to a path whose number is none.
macro_rules! examples {
    ($($name:ident: $texts:ident, $bad_input:literal;)*) => {$(
        mod $name {
            use super::*;

            fn server() -> Server {
                Server::start(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), &[])
            }

            #[test]
            fn the_light_route_answers_while_a_handler_blocks() {
                light_route(&server());
            }

            #[test]
            fn a_reader_too_many_is_refused() {
                refusal(&server(), &$texts);
            }

            #[test]
            fn a_call_that_takes_too_long_is_given_up() {
                let response = server().get("/sleep/60000");
                assert_eq!(response.told(), (504, $texts.timed_out));
            }

            #[test]
            fn a_panic_in_the_body_is_a_response_and_the_server_goes_on() {
                let server = server();
                assert_eq!(server.get("/divide/0").told(), (500, $texts.panicked));
                assert_eq!(server.get("/divide/5").told(), (200, "20"));
            }

            #[test]
            fn bad_input_is_answered_by_the_framework() {
                let server = server();
                assert_eq!(server.get("/divide/x").status, $bad_input);
                assert_eq!(server.get("/nowhere").status, 404);
            }
        }
    )*};
}

examples! {
    actix: ERRORS, 404;
    axum: RESPONSES, 400;
    hyper: ERRORS, 400;
    poem: ERRORS, 400;
    rocket: ERRORS, 422;
    salvo: ERRORS, 400;
    smol: ERRORS, 400;
    tokio_current_thread: ERRORS, 400;
    tower: RESPONSES, 400;
    warp: ERRORS, 404;
}

/// Waits until so many readers are in the body of their handler.
fn readers(server: &Server, count: &str) {
    eventually("a reader in its body", || server.get("/readers").told() == (200, count));
}

fn light_route(server: &Server) {
    let reader = server.begin_get("/next");
    readers(server, "1"); // the light route answers, and the reader is in its body
    assert_eq!(server.post("/publish/hello", "").status, 200);
    assert_eq!(reader.join().expect("a response").told(), (200, "hello"));
}

fn refusal(server: &Server, texts: &Texts) {
    let first = server.begin_get("/next");
    readers(server, "1");
    // The queue has room for one of these.
    let others = [server.begin_get("/next"), server.begin_get("/next")];
    eventually("a refusal", || others.iter().any(JoinHandle::is_finished));
    assert_eq!(server.get("/readers").told(), (200, "1"));
    eventually("the end of all", || {
        server.post("/publish/hello", "");
        others.iter().all(JoinHandle::is_finished)
    });
    assert_eq!(first.join().expect("a response").told(), (200, "hello"));
    let mut others = others.map(|other| other.join().expect("a response"));
    others.sort_by_key(|response| response.status);
    let [waited, refused] = others;
    assert_eq!(waited.told(), (200, "hello"));
    assert_eq!(refused.told(), (503, texts.refused));
}

#[test]
fn a_refusal_says_when_to_come_back() {
    let retry_after = |program| {
        let server = Server::start(program, &[]);
        let others = [(); 3].map(|()| server.begin_get("/next"));
        eventually("a refusal", || others.iter().any(JoinHandle::is_finished));
        let refused = others.into_iter().find(JoinHandle::is_finished).expect("a refusal");
        let Response { status: 503, retry_after, .. } = refused.join().expect("a response") else {
            panic!("no refusal")
        };
        retry_after
    };
    for program in [
        env!("CARGO_BIN_EXE_actix"),
        env!("CARGO_BIN_EXE_axum"),
        env!("CARGO_BIN_EXE_hyper"),
        env!("CARGO_BIN_EXE_poem"),
        env!("CARGO_BIN_EXE_rocket"),
        env!("CARGO_BIN_EXE_salvo"),
        env!("CARGO_BIN_EXE_tower"),
        env!("CARGO_BIN_EXE_warp"),
    ] {
        assert_eq!(retry_after(program).as_deref(), Some("1"), "{program}");
    }
}

#[test]
fn code_after_the_await_is_on_the_thread_of_the_loop() {
    let server = Server::start(env!("CARGO_BIN_EXE_tokio_current_thread"), &[]);
    light_route(&server);
    assert_eq!(server.get("/read").told(), (200, "1"));
}
