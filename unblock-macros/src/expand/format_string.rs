//! Captures in the texts of formatting macros: `"{self}"` becomes `"{__self}"`.

use proc_macro2::{Literal, TokenTree};

/// Where a macro expects the text that captures variables.
enum Text {
    /// Nowhere: its texts are data.
    Never,
    /// As this argument, counted from zero.
    Argument(usize),
    /// Unknown: any argument that is nothing but a text.
    Any,
}

/// Which tokens of a macro's arguments are texts that may capture `self`.
///
/// A text that is only data must not be touched: `vec!["{self}"]` would quietly change its value. A capture that is missed, on
/// the other hand, is refused by the compiler. So the standard macros go by what they do, and the others by the shape.
pub(crate) fn positions(macro_name: &str, arguments: &[TokenTree]) -> Vec<usize> {
    let text = match macro_name {
        "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
        | "todo" | "unimplemented" | "unreachable" => Text::Argument(0),
        "write" | "writeln" | "assert" | "debug_assert" => Text::Argument(1),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Text::Argument(2),
        "vec" | "dbg" | "matches" | "concat" | "stringify" | "env" | "option_env" | "include"
        | "include_str" | "include_bytes" | "compile_error" | "json" => Text::Never,
        _ => Text::Any,
    };
    let mut found = Vec::new();
    let mut start = 0;
    for (count, argument) in arguments.split(is_comma).enumerate() {
        let wanted = match text {
            Text::Never => false,
            Text::Argument(expected) => count == expected,
            Text::Any => true,
        };
        if wanted && matches!(argument, [TokenTree::Literal(_)]) {
            found.push(start);
        }
        start += argument.len() + 1;
    }
    found
}

/// The literal with every capture of `self` renamed, at the same place; `None` when it has none.
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

/// Works on the literal as it is written, quotes and escapes included.
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
            // The braces of `\u{…}` are no capture, and `\\` escapes no brace.
            if from.starts_with("\\u{") {
                from.find('}').map_or(from.len(), |end| end + 1)
            } else {
                second_char_end(from)
            }
        } else if from.starts_with("{{") {
            2
        } else if let Some(skipped) = capture_of_self(from) {
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

/// Where, after an opening brace, `self` starts, if the capture is of `self`.
fn capture_of_self(from: &str) -> Option<usize> {
    let inside = from.strip_prefix('{')?.trim_start();
    let after = inside.strip_prefix("self")?.trim_start();
    after.starts_with(['}', ':']).then(|| from.len() - inside.len())
}

/// The length of a backslash and the character that it escapes.
fn second_char_end(from: &str) -> usize {
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
    fn captures_are_renamed() {
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
