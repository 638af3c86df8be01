//! How far the contenders of a table are, on standard error.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// Says which contender is measured, in which round of how many, and about how long the table still
/// takes. On a terminal this is a line that is drawn anew for each contender and goes away at the
/// end; otherwise it is a line for each round.
///
/// Nothing is drawn while a contender is measured, because the cores are its own.
pub(crate) struct Progress<Lines> {
    rounds: usize,
    contenders: usize,
    begun: usize,
    since: Instant,
    bar: ProgressBar,
    /// What has the lines where there is no terminal.
    lines: Lines,
}

impl Progress<io::Stderr> {
    pub(crate) fn new(rounds: usize, contenders: usize) -> Self {
        Self::on(ProgressDrawTarget::stderr(), io::stderr(), rounds, contenders)
    }
}

impl<Lines: Write> Progress<Lines> {
    fn on(terminal: ProgressDrawTarget, lines: Lines, rounds: usize, contenders: usize) -> Self {
        let length = Some((rounds * contenders) as u64);
        let style = ProgressStyle::with_template("[{bar:10}] {wide_msg}").expect("a template");
        let bar = ProgressBar::with_draw_target(length, terminal)
            .with_style(style.progress_chars("=> "))
            .with_finish(ProgressFinish::AndClear);
        Self { rounds, contenders, begun: 0, since: Instant::now(), bar, lines }
    }

    /// Is called before a contender is measured: all of them in turn, in each round.
    pub(crate) fn begin(&mut self, contender: &str) {
        let is_first_of_round = self.begun.is_multiple_of(self.contenders);
        let round = format!("round {} of {}", self.begun / self.contenders + 1, self.rounds);
        let state = match left(self.since.elapsed(), self.begun, self.rounds * self.contenders) {
            Some(left) => format!("{round}, about {:#} left", HumanDuration(left)),
            None => round,
        };
        if !self.bar.is_hidden() {
            self.bar.update(|bar| bar.set_pos(self.begun as u64));
            self.bar.set_message(format!("{state}: {contender}"));
        } else if is_first_of_round {
            // A bench goes on when nobody reads its errors.
            let _ = writeln!(self.lines, "{state}");
        }
        self.begun += 1;
    }
}

/// Estimates the time that is left when so many measurements of all have taken so long. Nobody
/// knows before the first.
fn left(elapsed: Duration, ended: usize, all: usize) -> Option<Duration> {
    let [ended, all] = [ended, all].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Some(elapsed.checked_div(ended)? * all.saturating_sub(ended))
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn a_file_gets_a_line_for_each_round() {
        let mut progress = Progress::on(ProgressDrawTarget::hidden(), Vec::new(), 2, 3);
        for contender in ["ours", "theirs", "another's"].repeat(2) {
            progress.begin(contender);
        }
        let lines = String::from_utf8(progress.lines).expect("a text");
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], "round 1 of 2");
        assert!(lines[1].starts_with("round 2 of 2, about "), "{lines:?}");
        assert!(lines[1].ends_with(" left"), "{lines:?}");
    }

    #[test]
    fn a_terminal_has_the_contender_and_the_round_in_one_line_that_goes_away() {
        let terminal = InMemoryTerm::new(10, 100);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let mut progress = Progress::on(target, Vec::new(), 5, 2);
        progress.begin("ours");
        assert_eq!(terminal.contents(), "[          ] round 1 of 5: ours");
        for contender in ["theirs", "ours", "theirs"] {
            progress.begin(contender);
        }
        let line = terminal.contents();
        assert!(line.starts_with("[===>      ] round 2 of 5, about "), "{line}");
        assert!(line.ends_with(" left: theirs"), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        let Progress { lines, bar, .. } = progress;
        drop(bar);
        assert_eq!(terminal.contents(), "");
        assert!(lines.is_empty());
    }

    #[test]
    fn the_time_left_is_that_of_the_measurements_that_have_ended() {
        let seconds = Duration::from_secs;
        assert_eq!(left(seconds(0), 0, 12), None);
        assert_eq!(left(seconds(10), 1, 12), Some(seconds(110)));
        assert_eq!(left(seconds(60), 6, 12), Some(seconds(60)));
        assert_eq!(left(seconds(120), 12, 12), Some(seconds(0)));
    }
}
