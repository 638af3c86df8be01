//! An open request, which is counted until the last piece of its response has been sent.

use std::rc::Rc;

use bytes::{Buf, Bytes};

use crate::server::in_flight::OpenRequest;
use crate::server::timeouts::OpenResponse;

/// Counts a request while its response is made and sent: for the connection's time limits, and for
/// the report of a stop.
#[derive(Clone)]
pub(super) struct Open(Rc<Guards>);

struct Guards {
    response: OpenResponse,
    _request: OpenRequest,
}

impl Open {
    pub(super) fn new(response: OpenResponse, request: OpenRequest) -> Self {
        Self(Rc::new(Guards { response, _request: request }))
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
        open.0.response.piece_ready();
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
        self.open.0.response.part_sent();
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.open.0.response.piece_gone();
    }
}
