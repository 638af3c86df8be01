//! A share of each contender that depends on the load.

use super::Caption;
use super::labels::{spread, wrap};
use super::scale::Scale;
use super::svg::{HEAD, MARGIN, Point, SERIES, Svg};
use crate::figures::ratio;

/// A picture with a line for each contender, whose name stands at the line's end.
pub struct LineChart {
    /// What stands above and below.
    pub caption: Caption,
    /// The loads, ascending, as multiples of the capacity. Their axis is logarithmic.
    pub loads: Vec<f64>,
    /// Words below the loads.
    pub loads_title: &'static str,
    /// What the best of all contenders could have.
    pub ideal: Line,
    /// The contenders, six at the most. The first is the one that the others are compared with.
    pub contenders: Vec<Line>,
}

/// The figures of a contender.
pub struct Line {
    /// Name of the contender.
    pub name: String,
    /// The share at each load. The axis begins at zero.
    pub shares: Vec<f64>,
}

const LEFT: f64 = MARGIN + 50.0;
/// The end of the lines, and the room for their names.
const RIGHT: f64 = 304.0;
const LABELS: f64 = 325.0;
const LABEL_CHARACTERS: usize = 24;
const LINE_HEIGHT: f64 = 17.0;

const TOP: f64 = HEAD + 10.0;
/// Height of the axis, unless the names need more.
const HEIGHT: f64 = 256.0;
/// How far names may be below the axis, beside the loads.
const BELOW: f64 = 22.0;

impl LineChart {
    /// Draws the picture, as SVG.
    pub fn draw(&self) -> String {
        let contenders = self.contenders.len();
        assert!(contenders <= SERIES, "there is a mark for {SERIES} contenders");
        let lines = || self.contenders.iter().chain([&self.ideal]);
        let names: Vec<_> = lines().map(|line| wrap(&line.name, LABEL_CHARACTERS)).collect();
        let heights: f64 = names.iter().map(|name| height(name)).sum();
        let bottom = TOP + HEIGHT.max(heights - BELOW);
        // Marks at the ends have room, and a single load is in the middle.
        let ends = [self.loads[0] / 1.1, self.loads[self.loads.len() - 1] * 1.1];
        let x = Scale::logarithmic(ends, [LEFT, RIGHT]);
        let most = lines().flat_map(|line| &line.shares).fold(1.0, |most, &share| share.max(most));
        let y = Scale::linear([0.0, most], [bottom, TOP]);

        let mut svg = Svg::default();
        for percent in [0, 25, 50, 75, 100] {
            let height = y.place(f64::from(percent) / 100.0);
            svg.line("grid", &[(LEFT, height), (RIGHT, height)]);
            svg.text("muted small end", (LEFT - 8.0, height + 4.5), &format!("{percent} %"));
        }
        for &load in &self.loads {
            svg.text("muted small middle", (x.place(load), bottom + 21.0), &format!("{load} ×"));
        }
        svg.text("muted small", (MARGIN, bottom + 40.0), self.loads_title);

        let places: Vec<Vec<Point>> = lines()
            .map(|line| self.loads.iter().zip(&line.shares))
            .map(|line| line.map(|(&load, &share)| (x.place(load), y.place(share))).collect())
            .collect();
        // The first contender is drawn last, over the others.
        svg.line("ideal", &places[contenders]);
        for (series, places) in places.iter().enumerate().take(contenders).rev() {
            svg.line(&format!("series s{series}"), places);
            for &place in places {
                svg.mark(if series == 0 { "full" } else { "hollow" }, series, place);
            }
        }
        label(&mut svg, &names, &places, bottom + BELOW);
        let figures: Vec<_> = lines().map(|line| self.describe(line)).collect();
        svg.finish(bottom + 50.0, &self.caption, &figures.join("; "))
    }

    fn describe(&self, line: &Line) -> String {
        let shares = self.loads.iter().zip(&line.shares);
        let shares: Vec<_> =
            shares.map(|(load, share)| format!("{:.0} % at {load} ×", share * 100.0)).collect();
        format!("{}: {}", line.name, shares.join(", "))
    }
}

/// Writes each name beside the end of its line, or a little above or below with a line to it.
fn label(svg: &mut Svg, names: &[Vec<String>], lines: &[Vec<Point>], bottom: f64) {
    let heights: Vec<_> = names.iter().map(|name| height(name)).collect();
    let ends: Vec<_> = lines.iter().map(|line| line[line.len() - 1]).collect();
    let wanted: Vec<_> = ends.iter().map(|end| end.1).collect();
    let centers = spread(&wanted, &heights, bottom);
    for (series, ((name, center), end)) in names.iter().zip(centers).zip(ends).enumerate() {
        let is_contender = series + 1 < names.len();
        let color = if is_contender { format!("s{series}") } else { "ideal".to_owned() };
        svg.line(&format!("leader {color}"), &[(end.0 + 9.0, end.1), (LABELS - 5.0, center)]);
        let classes = match series {
            _ if !is_contender => "muted small",
            0 => "small named strong s0",
            _ => &format!("small named {color}"),
        };
        let first = center - (ratio(name.len(), 1) / 2.0 - 0.75) * LINE_HEIGHT;
        for (number, line) in name.iter().enumerate() {
            svg.text(classes, (LABELS, first + ratio(number, 1) * LINE_HEIGHT), line);
        }
    }
}

/// Height of a name of several lines, and of the room that parts it from the next.
fn height(name: &[String]) -> f64 {
    ratio(name.len(), 1) * LINE_HEIGHT + 8.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Caption;
    use crate::charts::svg::tests::{Placed, texts};

    const NAMES: [&str; 6] = [
        "unblock (demo-server, defaults)",
        "axum, spawn_blocking at its default",
        "axum, spawn_blocking with a thread per core",
        "axum, tower's load_shed: 64 at a time, 1 s, a thread per core",
        "axum, a semaphore with a permit per core, 0.8 s",
        "actix-web, web::block at its default",
    ];

    /// A picture in which all but the first are at zero.
    fn chart(loads: &[f64]) -> String {
        let line =
            |name: &str, share| Line { name: name.to_owned(), shares: vec![share; loads.len()] };
        let contenders =
            NAMES.iter().map(|name| line(name, if *name == NAMES[0] { 0.9 } else { 0.0 }));
        LineChart {
            caption: Caption::default(),
            loads: loads.to_vec(),
            loads_title: "load",
            ideal: line("ideal", 1.0),
            contenders: contenders.collect(),
        }
        .draw()
    }

    #[test]
    fn each_name_stands_beside_its_line_and_on_no_other() {
        let mut labels: Vec<Placed> = texts(&chart(&[0.5, 1.0, 10.0]));
        labels.retain(|text| (text.x - LABELS).abs() < 0.1);
        labels.sort_by(|a, b| a.y.total_cmp(&b.y));
        assert!(
            labels.windows(2).all(|pair| pair[1].y - pair[0].y > LINE_HEIGHT - 0.1),
            "{labels:?}"
        );
        assert!(labels.iter().all(|label| label.y > 53.0 + LINE_HEIGHT), "{labels:?}");
        let words: Vec<_> = labels.iter().map(|label| label.text.as_str()).collect();
        let words = words.join(" ");
        assert!(words.starts_with("ideal unblock (demo-server, defaults) "), "{words}");
        assert!(NAMES.iter().all(|name| words.contains(name)), "{words}");
    }

    #[test]
    fn the_axes_have_their_numbers_and_begin_at_zero() {
        let texts = texts(&chart(&[0.5, 1.0, 2.0, 5.0, 10.0]));
        let numbers: Vec<_> = texts.iter().take(10).map(|text| text.text.as_str()).collect();
        assert_eq!(numbers[..5], ["0 %", "25 %", "50 %", "75 %", "100 %"]);
        assert_eq!(numbers[5..], ["0.5 ×", "1 ×", "2 ×", "5 ×", "10 ×"]);
        assert!(texts[..5].windows(2).all(|pair| pair[1].y < pair[0].y), "{texts:?}");
    }

    #[test]
    fn a_single_load_is_in_the_middle() {
        let picture = chart(&[10.0]);
        assert!(!picture.contains("NaN"), "{picture}");
        assert!((texts(&picture)[5].x - f64::midpoint(LEFT, RIGHT)).abs() < 0.1);
    }
}
