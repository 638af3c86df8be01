//! Two percentiles of each contender, on a logarithmic axis.

use super::Caption;
use super::scale::{Scale, decades};
use super::svg::{HEAD, MARGIN, SERIES, Svg, WIDTH};
use crate::figures::ratio;

/// A picture with a row for each contender, the fastest first. It has dots, and no bars: there is
/// no zero on a logarithmic axis for them to begin at.
pub struct DotPlot {
    /// What stands above and below.
    pub caption: Caption,
    /// The contenders, six at the most. The first is the one that the others are compared with.
    pub contenders: Vec<Percentiles>,
}

/// Latencies of a contender in milliseconds.
pub struct Percentiles {
    /// Name of the contender.
    pub name: String,
    /// The median.
    pub p50: f64,
    /// The 99th percentile: infinite if more than a hundredth has failed.
    pub p99: f64,
}

/// Height of a row: the name, and below it the dots.
const ROW: f64 = 66.0;

/// Room beside the axis for the figures of dots that are at its ends.
const LEFT: f64 = 96.0;
const RIGHT: f64 = 76.0;

impl DotPlot {
    /// Draws the picture, as SVG.
    pub fn draw(&self) -> String {
        let mut contenders: Vec<_> = self.contenders.iter().enumerate().collect();
        assert!(contenders.len() <= SERIES, "there is a mark for {SERIES} contenders");
        contenders.sort_by(|(_, a), (_, b)| a.p99.total_cmp(&b.p99));
        let figures = contenders.iter().flat_map(|(_, contender)| [contender.p50, contender.p99]);
        let decades = decades(figures.filter(|figure| figure.is_finite()));
        let ends = [decades[0], decades[decades.len() - 1]];
        let x = Scale::logarithmic(ends, [LEFT, WIDTH - RIGHT]);
        let axis = HEAD + ROW * ratio(contenders.len(), 1) + 4.0;

        let mut svg = Svg::default();
        for &decade in decades {
            svg.line("grid", &[(x.place(decade), HEAD), (x.place(decade), axis)]);
            svg.text("muted small middle", (x.place(decade), axis + 19.0), &decade.to_string());
        }
        svg.text(
            "muted small",
            (MARGIN, axis + 38.0),
            "milliseconds; each line is ten times the one before (logarithmic)",
        );
        for (row, (series, contender)) in contenders.iter().enumerate() {
            let top = HEAD + ROW * ratio(row, 1);
            contender.draw(&mut svg, *series, top, &x);
        }
        let figures: Vec<_> = contenders
            .iter()
            .map(|(_, Percentiles { name, p50, p99 })| {
                format!("{name}: p50 {} ms, p99 {} ms", short(*p50), short(*p99))
            })
            .collect();
        svg.finish(axis + 48.0, &self.caption, &figures.join("; "))
    }
}

impl Percentiles {
    fn draw(&self, svg: &mut Svg, series: usize, top: f64, x: &Scale) {
        let (from, to, y) = (x.place(self.p50), x.place(self.p99), top + 39.0);
        let classes = if series == 0 { "strong named s0" } else { "" };
        svg.text(classes, (MARGIN, top + 18.0), &self.name);
        svg.line(&format!("s{series}"), &[(from, y), (to, y)]);
        svg.mark("hollow", series, (from, y));
        svg.mark("full", series, (to, y));
        svg.text("muted small end", (from - 12.0, y + 4.5), &format!("p50 {}", short(self.p50)));
        let p99 = format!("p99 {}", short(self.p99));
        svg.text(&format!("{classes} small"), (to + 12.0, y + 4.5), &format!("{p99} ms"));
    }
}

/// Three digits or so, which is what a dot shows.
fn short(milliseconds: f64) -> String {
    if milliseconds.is_infinite() {
        "∞".to_owned()
    } else if milliseconds < 10.0 {
        format!("{milliseconds:.2}")
    } else {
        format!("{milliseconds:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Caption;
    use crate::charts::svg::tests::texts;

    fn plot(contenders: &[(&str, f64, f64)]) -> String {
        let contenders = contenders.iter().map(|&(name, p50, p99)| Percentiles {
            name: name.to_owned(),
            p50,
            p99,
        });
        DotPlot { caption: Caption::default(), contenders: contenders.collect() }.draw()
    }

    #[test]
    fn the_fastest_is_first_and_each_figure_is_written() {
        let picture =
            plot(&[("ours & fast", 0.1, 0.24), ("slow", 93.0, 200.4), ("quick", 0.1, 0.2)]);
        let texts = texts(&picture);
        let rows: Vec<_> = texts.iter().map(|text| text.text.as_str()).skip(5).take(10).collect();
        let expected =
            ["quick", "p50 0.10", "p99 0.20 ms", "ours & fast", "p50 0.10", "p99 0.24 ms"];
        assert_eq!(rows[1..7], expected, "{rows:?}");
        assert_eq!(rows[7..10], ["slow", "p50 93", "p99 200 ms"]);
    }

    #[test]
    fn the_axis_is_said_to_be_logarithmic_and_has_its_numbers() {
        let picture = plot(&[("ours", 0.1, 0.24), ("theirs", 93.0, 200.0)]);
        let axis: Vec<_> = texts(&picture).into_iter().take(6).collect();
        let numbers: Vec<_> = axis.iter().map(|text| text.text.as_str()).take(5).collect();
        assert_eq!(numbers, ["0.1", "1", "10", "100", "1000"]);
        let distances: Vec<_> = axis[..5].windows(2).map(|pair| pair[1].x - pair[0].x).collect();
        assert!(distances.iter().all(|each| (each - distances[0]).abs() < 0.2), "{distances:?}");
        assert!(axis[5].text.ends_with("(logarithmic)"));
    }

    #[test]
    fn what_failed_is_at_the_end_of_the_axis() {
        let picture = plot(&[("ours", 0.1, 0.24), ("theirs", 93.0, f64::INFINITY)]);
        assert!(texts(&picture).iter().any(|text| text.text == "p99 ∞ ms"));
        assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    }
}
