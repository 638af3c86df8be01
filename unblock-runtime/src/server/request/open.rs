//! An open request, which is counted until the last piece of its response has been sent.

use std::rc::Rc;

use bytes::{Buf, Bytes};
use http::Version;

use super::access_log::Entry;
use crate::server::in_flight::OpenRequest;
use crate::server::timeouts::OpenResponse;
use crate::watchdog::Watch;

/// Counts a request while its response is made and sent: for the connection's time limits, and for
/// the report of a stop.
#[derive(Clone)]
pub(super) struct Open(Rc<Guards>);

struct Guards {
    response: OpenResponse,
    _request: OpenRequest,
    /// The line of the access log, if there is one.
    entry: Option<Box<Entry>>,
    /// The request as the watchdog knows it, if there is one.
    watch: Option<Watch>,
    /// Whether the time is taken in which no piece goes out. In HTTP/1.1 the socket knows it.
    is_timed: bool,
}

impl Open {
    pub(super) fn new(
        response: OpenResponse,
        request: OpenRequest,
        version: Version,
        entry: Option<Entry>,
        watch: Option<Watch>,
    ) -> Self {
        let is_timed = version == Version::HTTP_2;
        let entry = entry.map(Box::new);
        Self(Rc::new(Guards { response, _request: request, entry, watch, is_timed }))
    }

    /// Runs code of the service, under the eyes of the watchdog if there is one.
    pub(super) fn watched<T>(&self, f: impl FnOnce() -> T) -> T {
        let f = || match &self.0.watch {
            Some(watch) => watch.poll(f),
            None => f(),
        };
        match &self.0.entry {
            Some(entry) => entry.run(f),
            None => f(),
        }
    }

    /// Returns the line of the access log, if there is one.
    pub(super) fn entry(&self) -> Option<&Entry> {
        self.0.entry.as_deref()
    }

    /// Returns the response if the time of its pieces is taken.
    fn timed(&self) -> Option<&OpenResponse> {
        self.0.is_timed.then_some(&self.0.response)
    }
}

/// A piece of the body of a response.
///
/// hyper holds it until the client has made room for it, which a client of HTTP/2 does for each
/// response apart. Therefore nothing but the piece itself knows that it waits.
pub(crate) struct Piece {
    bytes: Bytes,
    open: Open,
}

impl Piece {
    pub(super) fn new(bytes: Bytes, open: Open) -> Self {
        if let Some(response) = open.timed() {
            response.piece_ready();
        }
        if let Some(entry) = open.entry() {
            entry.yields(bytes.len() as u64);
        }
        Self { bytes, open }
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if let Some(response) = self.open.timed() {
            response.part_sent();
        }
        if let Some(entry) = self.open.entry() {
            entry.sends(count as u64);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(response) = self.open.timed() {
            response.piece_gone();
        }
    }
}
