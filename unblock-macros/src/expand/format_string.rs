//! Renames `self` in format strings: `"{self}"` becomes `"{__self}"`.

use proc_macro2::{Literal, TokenTree};

/// Which argument of a macro is its format string.
enum FormatString {
    /// The macro has none; its string literals are data.
    None,
    /// The argument with this index, counted from zero.
    Argument(usize),
    /// Unknown: any argument that is a single string literal.
    Any,
}

/// Returns the indices of the tokens, among a macro's arguments, that are format strings.
///
/// A string literal that is data must not be changed: `vec!["{self}"]` would silently get another
/// value. A format string that is missed, on the other hand, is a compile error. The standard
/// macros are therefore listed by name, and for all others the shape of the argument decides.
pub(crate) fn positions(macro_name: &str, arguments: &[TokenTree]) -> Vec<usize> {
    let format_string = match macro_name {
        "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
        | "todo" | "unimplemented" | "unreachable" => FormatString::Argument(0),
        "write" | "writeln" | "assert" | "debug_assert" => FormatString::Argument(1),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => {
            FormatString::Argument(2)
        }
        "vec" | "dbg" | "matches" | "concat" | "stringify" | "env" | "option_env" | "include"
        | "include_str" | "include_bytes" | "compile_error" | "json" => FormatString::None,
        _ => FormatString::Any,
    };
    let mut found = Vec::new();
    let mut start = 0;
    for (count, argument) in arguments.split(is_comma).enumerate() {
        let wanted = match format_string {
            FormatString::None => false,
            FormatString::Argument(expected) => count == expected,
            FormatString::Any => true,
        };
        if wanted && matches!(argument, [TokenTree::Literal(_)]) {
            found.push(start);
        }
        start += argument.len() + 1;
    }
    found
}

/// Renames every `self` in a format string, or returns `None` if there is none.
///
/// ```text
/// // Input:
/// "{self:?} {{self}} {other}"
/// // Output:
/// "{__self:?} {{self}} {other}"
/// ```
pub(crate) fn rename_self(literal: &Literal) -> Option<Literal> {
    let mut renamed: Literal = rename_in_source(&literal.to_string())?.parse().ok()?;
    renamed.set_span(literal.span());
    Some(renamed)
}

/// Renames `self` in the source text of a literal, which includes its quotes and escapes.
///
/// ```text
/// // Input:
/// "\u{7b} {self} \\"
/// // Output:
/// "\u{7b} {__self} \\"
/// ```
fn rename_in_source(source: &str) -> Option<String> {
    let raw = source.starts_with('r');
    if !raw && !source.starts_with('"') {
        return None;
    }
    let mut output = String::with_capacity(source.len() + 8);
    let mut rest = source;
    let mut changed = false;
    while let Some(special) = rest.find(['{', '\\']) {
        let (before, from) = rest.split_at(special);
        output.push_str(before);
        let length = if from.starts_with('\\') && !raw {
            // The braces of `\u{…}` hold no argument. Other escapes are skipped whole, so that the
            // second backslash of `\\` is not taken for an escape of what follows it.
            if from.starts_with("\\u{") {
                from.find('}').map_or(from.len(), |end| end + 1)
            } else {
                escape_length(from)
            }
        } else if from.starts_with("{{") {
            2
        } else if let Some(skipped) = offset_of_self(from) {
            output.push_str(&from[..skipped]);
            output.push_str("__self");
            rest = &from[skipped + "self".len()..];
            changed = true;
            continue;
        } else {
            1
        };
        output.push_str(&from[..length]);
        rest = &from[length..];
    }
    output.push_str(rest);
    changed.then_some(output)
}

/// Returns the offset of `self` in `{self…}`, or `None` if the braces hold anything else.
fn offset_of_self(from: &str) -> Option<usize> {
    let inside = from.strip_prefix('{')?.trim_start();
    let after = inside.strip_prefix("self")?.trim_start();
    after.starts_with(['}', ':']).then(|| from.len() - inside.len())
}

/// Returns the length in bytes of a backslash and the character that it escapes.
fn escape_length(from: &str) -> usize {
    from.char_indices().nth(2).map_or(from.len(), |(index, _)| index)
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

#[cfg(test)]
mod tests {
    use super::rename_in_source;

    #[track_caller]
    fn renames(source: &str, expected: &str) {
        assert_eq!(rename_in_source(source).as_deref(), Some(expected));
    }

    #[track_caller]
    fn keeps(source: &str) {
        assert_eq!(rename_in_source(source), None);
    }

    #[test]
    fn inline_arguments_are_renamed() {
        renames(r#""{self}""#, r#""{__self}""#);
        renames(r#""a {self:?} b { self :>5}""#, r#""a {__self:?} b { __self :>5}""#);
        renames(r##"r#"{self:#?} \"#"##, r##"r#"{__self:#?} \"#"##);
        renames(r#""{{{self}}}""#, r#""{{{__self}}}""#);
        renames(r#""\u{7b} \\{self} \"""#, r#""\u{7b} \\{__self} \"""#);
    }

    #[test]
    fn the_rest_is_kept() {
        keeps(r#""{{self}}""#);
        keeps(r#""{selfish} {other} {0} {}""#);
        keeps(r#""self""#);
        keeps(r#"b"{self}""#);
        keeps(r#"c"{self}""#);
        keeps(r"'{'");
        keeps(r#""{self""#);
        keeps(r#""{""#);
        keeps(r#""\""#);
    }
}
