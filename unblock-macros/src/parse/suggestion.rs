//! Suggests an option for one that does not exist.

/// All options, as an error message lists them.
pub(crate) const OPTIONS: &str = "`pool = …`, `timeout = …`, `concurrency = …`, `remote`, `shed`, `detach`, `error = …`, \
     `name = …`, `skip` and `crate = …`";

const NAMES: [&str; 10] = [
    "pool",
    "timeout",
    "concurrency",
    "remote",
    "shed",
    "detach",
    "error",
    "name",
    "skip",
    "crate",
];

/// Words that other libraries use for one of our options.
const SYNONYMS: [(&str, &str); 15] = [
    ("executor", "pool"),
    ("threadpool", "pool"),
    ("deadline", "timeout"),
    ("limit", "timeout"),
    ("bulkhead", "concurrency"),
    ("parallelism", "concurrency"),
    ("process", "remote"),
    ("processes", "remote"),
    ("reject", "shed"),
    ("spawn", "detach"),
    ("map_err", "error"),
    ("err", "error"),
    ("ignore", "skip"),
    ("label", "name"),
    ("runtime", "crate"),
];

/// Returns the error message for an option that does not exist.
pub(crate) fn unknown_option(given: &str) -> String {
    match suggest(given) {
        Some(option) => {
            format!(
                "there is no option `{given}`; did you mean `{option}`? The options are {OPTIONS}"
            )
        }
        None => format!("there is no option `{given}`; the options are {OPTIONS}"),
    }
}

fn suggest(given: &str) -> Option<&'static str> {
    let given = given.to_lowercase();
    let given = given.as_str();
    if let Some((_, option)) = SYNONYMS.iter().find(|(word, _)| *word == given) {
        return Some(option);
    }
    // One typo per three letters, so that `pol` suggests `pool` and `load` suggests nothing.
    NAMES
        .into_iter()
        .map(|option| (distance(given, option), option))
        .filter(|(distance, option)| {
            *distance <= option.len().div_ceil(3) && *distance < given.len()
        })
        .min()
        .map(|(_, option)| option)
}

/// Returns the Levenshtein distance: how many letters to add, drop or change.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.chars().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (column, wanted) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column] = left;
            left = changed.min(diagonal + 1).min(left + 1);
        }
        row[to.len()] = left;
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, suggest};

    #[test]
    fn counts_letters() {
        assert_eq!(distance("pool", "pool"), 0);
        assert_eq!(distance("pol", "pool"), 1);
        assert_eq!(distance("", "name"), 4);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn finds_near_misses_only() {
        assert_eq!(suggest("Timeout"), Some("timeout"));
        assert_eq!(suggest("time_out"), Some("timeout"));
        assert_eq!(suggest("detached"), Some("detach"));
        assert_eq!(suggest("deadline"), Some("timeout"));
        assert_eq!(suggest("krate"), Some("crate"));
        assert_eq!(suggest("x"), None);
        assert_eq!(suggest("priority"), None);
    }
}
