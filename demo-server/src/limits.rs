//! The options that limit what a client may use.

use std::time::Duration;

use clap::Args;
use unblock_runtime::server::Limits;

// These comments are also what `--help` prints. The defaults are the library's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits on what a client may use")]
pub(crate) struct LimitOptions {
    /// Open connections of one process; more of them wait
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_connections: usize,

    /// Requests on one connection; the last response closes it
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_requests: u64,

    /// Open requests on one HTTP/2 connection
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_streams: u32,

    /// Bytes in the head of a request; beyond it, 431
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 10)]
    max_header_size: usize,

    /// Header fields of a request; beyond it, 431
    #[arg(long, value_name = "N", default_value_t = 100)]
    max_header_fields: usize,

    /// Bytes in the body of a request; beyond it, 413
    #[arg(long, value_name = "BYTES", default_value_t = 10 << 20)]
    max_body_size: u64,

    /// Time that a connection is kept open between two requests
    #[arg(long, value_name = "TIME", default_value = "75", value_parser = time)]
    idle_timeout: Duration,

    /// Time for the head of a request; then the connection is closed
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = time)]
    header_timeout: Duration,

    /// Time for the body of a request, which --min-body-rate extends; beyond it, 408
    #[arg(long, value_name = "TIME", default_value = "20", value_parser = time)]
    body_timeout: Duration,

    /// Bytes of a body that extend its time by one second
    #[arg(long, value_name = "BYTES", default_value_t = 500)]
    min_body_rate: u64,

    /// Time for which a client may accept no bytes of a response; then the connection is closed
    #[arg(long, value_name = "TIME", default_value = "60", value_parser = time)]
    write_timeout: Duration,

    /// Answer clients that have closed their side of the connection, too
    #[arg(long)]
    half_close: bool,
}

impl LimitOptions {
    pub(crate) fn limits(&self) -> Limits {
        Limits::new()
            .connections(self.max_connections)
            .requests(self.max_requests)
            .streams(self.max_streams)
            .header_size(self.max_header_size)
            .header_fields(self.max_header_fields)
            .body_size(self.max_body_size)
            .idle(self.idle_timeout)
            .header_read(self.header_timeout)
            .body_read(self.body_timeout, self.min_body_rate)
            .response_write(self.write_timeout)
            .half_close(self.half_close)
    }
}

/// Parses a time of more than 0: a decimal number of seconds, or a whole number with a unit as in
/// `#[unblock(timeout = "2s")]`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let whole = || digits.parse::<u64>();
    let time = match &text[digits.len()..] {
        "ms" => whole().ok().map(Duration::from_millis),
        "s" => whole().ok().map(Duration::from_secs),
        "m" => whole().ok().and_then(|minutes| minutes.checked_mul(60)).map(Duration::from_secs),
        "" => digits.parse().ok().and_then(|number| Duration::try_from_secs_f64(number).ok()),
        _ => None,
    };
    match time {
        Some(Duration::ZERO) => Err("must be more than 0: nothing could happen in time".into()),
        Some(time) => Ok(time),
        None => Err("expected seconds, such as 2 or 0.5, or a time such as 500ms, 2s or 1m".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        limits: LimitOptions,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let defaults = Program::parse_from(["demo-server"]).limits.limits();
        assert_eq!(format!("{defaults:?}"), format!("{:?}", Limits::new()));
    }
    #[test]
    fn a_time_is_a_number_of_seconds_or_has_a_unit() {
        for (text, millis) in
            [("2", 2000), ("0.25", 250), ("2s", 2000), ("500ms", 500), ("3m", 180_000)]
        {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["0", "0s", "0.0", "", "s", "2h", "2 s", "-1", "1.5s", "inf", "nan", "1e30", "é"]
        {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
