//! Reads durations such as `"250ms"`, `"1.5s"` and `"1h"`, and writes them as Rust expressions.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Each unit with its length in nanoseconds.
const UNITS: [(&str, u128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3600 * 1_000_000_000),
];

/// Reads a decimal number and a unit.
///
/// # Errors
///
/// The error is a message that says what to write instead.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    if trimmed.starts_with('-') {
        return Err(format!("a timeout cannot be negative: `{trimmed}`"));
    }
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let unit = unit.trim();
    if number.is_empty() {
        return Err(format!(
            "`{text}` is not a duration: write a number and a unit, such as `250ms` or `1.5s`"
        ));
    }
    if unit.is_empty() {
        return Err(missing_unit_message(number));
    }
    let Some((_, length)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
        return Err(format!(
            "`{unit}` is not a unit of time; the units are `ns`, `us`, `ms`, `s`, `m` and `h`"
        ));
    };
    let nanoseconds = multiply(number, length)?;
    let too_long = || format!("`{trimmed}` is too long");
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).map_err(|_| too_long())?;
    let subsec_nanos = u32::try_from(nanoseconds % 1_000_000_000).map_err(|_| too_long())?;
    Ok(Duration::new(seconds, subsec_nanos))
}

/// Returns the error message for a number without a unit or without quotes.
pub(crate) fn missing_unit_message(number: &str) -> String {
    let bare = number.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '_');
    if bare.len() == number.len() {
        format!("`{number}` of what? Write the unit too, such as \"{number}s\" or \"{number}ms\"")
    } else {
        format!("a duration goes between quotes: \"{number}\"")
    }
}

/// Writes a duration as an expression, in the largest unit that is exact.
///
/// ```text
/// // Input:
/// 1.5s
/// // Output:
/// ::core::time::Duration::from_millis(1500)
/// ```
pub(crate) fn to_tokens(duration: Duration) -> TokenStream {
    let nanoseconds = duration.as_nanos();
    let constructors = [
        (quote!(from_hours), 3600 * 1_000_000_000),
        (quote!(from_mins), 60 * 1_000_000_000),
        (quote!(from_secs), 1_000_000_000),
        (quote!(from_millis), 1_000_000),
        (quote!(from_micros), 1_000),
    ];
    for (constructor, length) in constructors {
        if let (0, Ok(count)) = (nanoseconds % length, u64::try_from(nanoseconds / length)) {
            let count = Literal::u64_unsuffixed(count);
            return quote!(::core::time::Duration::#constructor(#count));
        }
    }
    let seconds = Literal::u64_unsuffixed(duration.as_secs());
    let subsec_nanos = Literal::u32_unsuffixed(duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #subsec_nanos))
}

/// Multiplies a decimal number by the length of its unit, without rounding.
///
/// Returns whole nanoseconds.
fn multiply(number: &str, length: u128) -> Result<u128, String> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let not_a_number = || format!("`{number}` is not a number");
    let too_long = || format!("`{number}` is too much");
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(not_a_number());
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 18 {
        return Err(format!("`{number}` is finer than a nanosecond"));
    }
    let digits = u32::try_from(fraction.len()).map_err(|_| not_a_number())?;
    let scale = 10_u128.pow(digits);
    let part = if fraction.is_empty() {
        0
    } else {
        fraction.parse::<u128>().map_err(|_| not_a_number())?
    };
    if !(part * length).is_multiple_of(scale) {
        return Err(format!("`{number}` is finer than a nanosecond"));
    }
    let whole = whole.parse::<u128>().map_err(|_| too_long())?;
    whole
        .checked_mul(length)
        .and_then(|whole| whole.checked_add(part * length / scale))
        .ok_or_else(too_long)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, to_tokens};

    #[test]
    fn reads_each_unit_and_fractions() {
        assert_eq!(parse("7ns"), Ok(Duration::from_nanos(7)));
        assert_eq!(parse("7us"), Ok(Duration::from_micros(7)));
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("1.50 s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("0.1s"), Ok(Duration::from_millis(100)));
        assert_eq!(parse("1m"), Ok(Duration::from_mins(1)));
        assert_eq!(parse("1.5h"), Ok(Duration::from_mins(90)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn refuses_the_rest() {
        for text in
            ["", "5", "s", "-1s", "1.s", ".5s", "1.2.3s", "1 fortnight", "0.5ns", "1e3s", "١s"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("99999999999999999999999s").is_err());
        assert!(parse(&"9".repeat(50_000)).is_err());
        assert!(parse(&format!("{}h", "9".repeat(39))).is_err());
        assert!(parse(&format!("1.{}1s", "0".repeat(50_000))).is_err());
    }

    #[test]
    fn writes_the_largest_exact_unit() {
        let written = |text| to_tokens(parse(text).unwrap()).to_string().replace(' ', "");
        assert_eq!(written("2s"), "::core::time::Duration::from_secs(2)");
        assert_eq!(written("120s"), "::core::time::Duration::from_mins(2)");
        assert_eq!(written("0.5h"), "::core::time::Duration::from_mins(30)");
        assert_eq!(written("24h"), "::core::time::Duration::from_hours(24)");
        assert_eq!(written("1.5s"), "::core::time::Duration::from_millis(1500)");
        assert_eq!(written("3us"), "::core::time::Duration::from_micros(3)");
        assert_eq!(written("1.000000001s"), "::core::time::Duration::new(1,1)");
    }
}
