//! The rules for the head of a request that hyper does not check: for whom the request is, and
//! where its body ends.
//!
//! Two parties that read a head differently, a proxy and a server, may take one request for two, or
//! for another host's. RFC 9112 therefore lets no server guess.

use http::{Method, Version, header, request};

/// Returns what is wrong with a head, if anything is.
pub(super) fn fault(head: &request::Parts) -> Option<&'static str> {
    host_fault(head).or_else(|| coding_fault(head))
}

/// RFC 9112, section 3.2, and RFC 9113, sections 8.3.1 and 8.5.
fn host_fault(head: &request::Parts) -> Option<&'static str> {
    let authority = head.uri.authority();
    let is_connect = head.method == Method::CONNECT;
    if is_connect && authority.is_none() {
        return Some("the request names no host to connect to");
    }
    let mut values = head.headers.get_all(header::HOST).iter();
    let Some(value) = values.next() else {
        // HTTP/2 has `:authority` in its place, and HTTP/1.0 nothing.
        return (head.version == Version::HTTP_11).then_some("the request has no Host");
    };
    if values.next().is_some() {
        return Some("the request has more than one Host");
    }
    let value = value.as_bytes();
    if value.is_empty() {
        // Only the target `*` and that of CONNECT have no host that the field could name.
        let needs_none = is_connect || head.uri.path() == "*";
        return (!needs_none).then_some("the Host is empty");
    }
    if !is_host(value) {
        return Some("the Host is invalid");
    }
    // In HTTP/1.1 the target counts, whatever the field says.
    let differs = head.version == Version::HTTP_2
        && authority.is_some_and(|host| !host.as_str().as_bytes().eq_ignore_ascii_case(value));
    differs.then_some("the Host and the :authority differ")
}

/// RFC 9112, section 6.1: only the last coding is `chunked`. hyper looks at the last.
fn coding_fault(head: &request::Parts) -> Option<&'static str> {
    let values = head.headers.get_all(header::TRANSFER_ENCODING);
    let codings = values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let chunked =
        codings.filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked")).count();
    (chunked > 1).then_some("the body is chunked more than once")
}

/// Returns whether a value has the form `uri-host [ ":" port ]`, and the host is not empty.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = if value.first() == Some(&b'[') {
        let Some(end) = value.iter().position(|byte| *byte == b']') else { return false };
        let address = &value[1..end];
        let is_address =
            address.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        if !is_address || address.is_empty() {
            return false;
        }
        value.split_at(end + 1)
    } else {
        let end = value.iter().position(|byte| *byte == b':').unwrap_or(value.len());
        let (host, port) = value.split_at(end);
        if !is_name(host) {
            return false;
        }
        (host, port)
    };
    let is_port = match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_port && !host.is_empty()
}

/// Returns whether these are the bytes of a `reg-name` (RFC 3986, section 3.2.2).
fn is_name(host: &[u8]) -> bool {
    let mut bytes = host.iter();
    while let Some(byte) = bytes.next() {
        let is_fine = match byte {
            b'%' => bytes.by_ref().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
            | b',' | b';' | b'=' => true,
            byte => byte.is_ascii_alphanumeric(),
        };
        if !is_fine {
            return false;
        }
    }
    true
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for value in ["a", "a:", "a:80", "1.2.3.4:80", "[::1]", "[::1]:80", "a_b.c~", "a%20b"] {
            assert!(is_host(value.as_bytes()), "{value}");
        }
        for value in [
            "a b",
            "http://x/",
            "a/b",
            "a@b",
            "a:b",
            "a:80:80",
            "[::1",
            "[]",
            "[::1]80",
            "[a b]",
            ":80",
            "a%2",
            "a\u{e9}",
            "a,b c",
            "a?b",
            "a#b",
            "\"a\"",
        ] {
            assert!(!is_host(value.as_bytes()), "{value}");
        }
    }
}
