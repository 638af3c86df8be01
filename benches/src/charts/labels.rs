//! Names beside lines, none of which covers another.

/// Breaks a text between words into as few lines of at most so many characters as it needs, and
/// these as equal as can be: no word is alone on the last.
pub(super) fn wrap(text: &str, characters: usize) -> Vec<String> {
    let lines = fill(text, characters);
    let mut narrower = (1..characters).map(|characters| fill(text, characters));
    narrower.find(|narrower| narrower.len() == lines.len()).unwrap_or(lines)
}

/// Breaks a text into lines of at most so many characters, each as long as it can be.
fn fill(text: &str, characters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= characters => {
                *line = format!("{line} {word}");
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Returns the centers of labels, each as near as it can be to where it is wanted: labels have
/// these heights, do not overlap, and end above `bottom`.
pub(super) fn spread(wanted: &[f64], heights: &[f64], bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let mut centers = wanted.to_vec();
    let mut free_from = f64::NEG_INFINITY;
    for &label in &order {
        centers[label] = centers[label].max(free_from + heights[label] / 2.0);
        free_from = centers[label] + heights[label] / 2.0;
    }
    let mut free_until = bottom;
    for &label in order.iter().rev() {
        centers[label] = centers[label].min(free_until - heights[label] / 2.0);
        free_until = centers[label] - heights[label] / 2.0;
    }
    centers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_breaks_between_words() {
        let name = "axum, spawn_blocking with a thread per core";
        assert_eq!(wrap(name, 22), ["axum, spawn_blocking", "with a thread per core"]);
        assert_eq!(wrap(name, 33), ["axum, spawn_blocking", "with a thread per core"]);
        assert_eq!(wrap("at most a few words", 11), ["at most a", "few words"]);
        assert_eq!(wrap("unblock", 3), ["unblock"]);
    }

    #[test]
    fn labels_do_not_overlap() {
        let (wanted, heights) = ([300.0, 40.0, 300.0, 42.0, 300.0], [36.0, 36.0, 36.0, 18.0, 36.0]);
        let centers = spread(&wanted, &heights, 310.0);
        let mut spans: Vec<_> = centers
            .iter()
            .zip(heights)
            .map(|(center, height)| (center - height / 2.0, center + height / 2.0))
            .collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 1e-9), "{spans:?}");
        assert!(spans.iter().all(|span| span.1 <= 310.0), "{spans:?}");
    }

    #[test]
    fn a_label_with_room_stands_where_it_is_wanted() {
        assert_eq!(spread(&[100.0, 50.0], &[20.0, 20.0], 300.0), [100.0, 50.0]);
    }
}
