//! What a visitor asks for, and what it may get.

use bytes::Bytes;

use super::dice::Dice;
use super::{BODY_LIMIT, text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestPlan {
    /// Answered by the loop.
    Light,
    /// Streamed by the loop.
    Stream,
    /// Jobs that sleep and that compute for a short time,
    Sleep,
    Compute,
    /// that panic,
    Panic,
    /// that run past their own timeout, and past the request's,
    Late,
    Long,
    /// that may be refused,
    Shed,
    /// and that give back the body.
    Echo,
    /// A body over the limit.
    TooLarge,
}

impl RequestPlan {
    pub(super) fn random(dice: &mut Dice) -> Self {
        match dice.below(1000) {
            0..200 => Self::Light,
            200..280 => Self::Stream,
            280..430 => Self::Sleep,
            430..580 => Self::Compute,
            580..640 => Self::Panic,
            640..700 => Self::Late,
            700..705 => Self::Long,
            705..840 => Self::Shed,
            840..980 => Self::Echo,
            _ => Self::TooLarge,
        }
    }

    pub(super) fn method(self) -> &'static str {
        if matches!(self, Self::Echo | Self::TooLarge) { "POST" } else { "GET" }
    }

    pub(super) fn path(self, id: u64) -> String {
        let name = match self {
            Self::Light => "light",
            Self::Stream => "stream",
            Self::Sleep => "sleep",
            Self::Compute => "compute",
            Self::Panic => "panic",
            Self::Late => "late",
            Self::Long => "long",
            Self::Shed => "shed",
            Self::Echo | Self::TooLarge => "echo",
        };
        format!("/{name}/{id}")
    }

    /// The body of the request.
    pub(super) fn body(self, id: u64) -> Bytes {
        match self {
            Self::Echo => Bytes::from(text(id)),
            Self::TooLarge => Bytes::from(vec![b'x'; BODY_LIMIT + 1]),
            _ => Bytes::new(),
        }
    }

    /// A response has to be one of these: the statuses that there are for it, the whole body if it
    /// is 200, else one line.
    #[track_caller]
    pub(super) fn check(self, id: u64, status: u16, body: &[u8]) {
        // Any request may come to the end of its time while the machine is busy.
        let statuses: &[u16] = match self {
            // A late value is still one if it is there when its loop first looks.
            Self::Light | Self::Stream | Self::Sleep | Self::Compute | Self::Echo | Self::Late => {
                &[200, 504]
            }
            Self::Panic => &[500, 504],
            Self::Long => &[504],
            Self::Shed => &[200, 503, 504],
            Self::TooLarge => &[413, 504],
        };
        assert!(statuses.contains(&status), "{self:?} {id}: {status}");
        let body = std::str::from_utf8(body).expect("text");
        if status != 200 {
            assert!(
                body.ends_with('\n') && body.lines().count() == 1,
                "{self:?} {id}: {status} {body:?}"
            );
            return;
        }
        let whole = match self {
            Self::Stream => text(id).repeat(super::CHUNKS),
            _ => text(id),
        };
        assert!(body == whole, "{self:?} {id}: {} bytes of {}", body.len(), whole.len());
    }
}
