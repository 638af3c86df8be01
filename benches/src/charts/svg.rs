//! Elements of a picture.

use std::fmt::Write as _;

use super::Caption;
use super::labels::wrap;

/// Width of each picture in pixels, which is also its natural size: its text can be read when it
/// is shown at 400.
pub(super) const WIDTH: f64 = 520.0;

/// Distance of everything from the left and right edges.
pub(super) const MARGIN: f64 = 16.0;

/// Distance from the top that the title and the subtitle take.
pub(super) const HEAD: f64 = 76.0;

/// Characters that fit in a line of the source, in the widest of the fonts.
const SOURCE_CHARACTERS: usize = 70;

/// The background is part of the picture, so that its text can be read where the page's colors are
/// not those that the reader's system prefers. Colors have a contrast of 4.5 at least, and texts an
/// edge of the background's color, which parts them from lines.
const STYLE: &str = "
text{font:15px system-ui,-apple-system,'Segoe UI','Noto Sans',Helvetica,Arial,sans-serif}
.title{font-size:19px;font-weight:600}
.small{font-size:14px}
.source{font-size:13px}
.strong{font-weight:600}
.middle{text-anchor:middle}
.end{text-anchor:end}
.background,.hollow{fill:#fff}
text{fill:#1f2328;stroke:#fff;stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
.muted{fill:#59636e}
.grid{stroke:#d1d9e0}
.ideal{stroke:#59636e;stroke-dasharray:1 4}
polyline{fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
polyline.grid{stroke-width:1}
.mark{stroke:currentColor;stroke-width:2}
.full,.named{fill:currentColor}
.s0{color:#0969da}
.s1{color:#bc4c00}
.s2{color:#8250df}
.s3{color:#1a7f37}
.s4{color:#bf3989}
.s5{color:#7d4e00}
polyline.s0{stroke-width:3.5}
polyline.leader{stroke-width:1}
.s1.series{stroke-dasharray:8 5}
.s2.series{stroke-dasharray:2 5}
.s3.series{stroke-dasharray:11 4 2 4}
.s4.series{stroke-dasharray:5 3}
.s5.series{stroke-dasharray:14 4}
@media (prefers-color-scheme:dark){
.background,.hollow{fill:#0d1117}
text{fill:#f0f6fc;stroke:#0d1117}
.muted{fill:#9198a1}
.grid{stroke:#3d444d}
.ideal{stroke:#9198a1}
.s0{color:#4493f8}
.s1{color:#f0883e}
.s2{color:#ab7df8}
.s3{color:#3fb950}
.s4{color:#db61a2}
.s5{color:#d29922}
}
";

/// Contenders that can be told from each other.
pub(super) const SERIES: usize = 6;

/// The shapes of their marks: around a point, with about the same area.
const SHAPES: [&[(f64, f64)]; SERIES - 1] = [
    &[(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)],
    &[(0.0, -7.0), (7.0, 0.0), (0.0, 7.0), (-7.0, 0.0)],
    &[(0.0, -7.0), (7.0, 5.0), (-7.0, 5.0)],
    &[(0.0, 7.0), (7.0, -5.0), (-7.0, -5.0)],
    &[(-3.0, -6.0), (3.0, -6.0), (7.0, 0.0), (3.0, 6.0), (-3.0, 6.0), (-7.0, 0.0)],
];

/// A place: pixels from the left, and from the top.
pub(super) type Point = (f64, f64);

/// A picture in the making.
#[derive(Default)]
pub(super) struct Svg {
    elements: String,
}

impl Svg {
    /// Adds a text. Without `middle` or `end` among its classes it begins at the point.
    pub(super) fn text(&mut self, classes: &str, (x, y): Point, text: &str) {
        let text = escape(text);
        self.element(format_args!(
            r#"<text class="{classes}" x="{x:.1}" y="{y:.1}">{text}</text>"#
        ));
    }

    /// Adds a line through these points.
    pub(super) fn line(&mut self, classes: &str, points: &[Point]) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.element(format_args!(r#"<polyline class="{classes}" points="{points}"/>"#));
    }

    /// Adds the mark of a contender: a circle for the first, and another shape for each other.
    pub(super) fn mark(&mut self, classes: &str, series: usize, (x, y): Point) {
        let classes = format!("mark s{series} {classes}");
        match series.checked_sub(1) {
            None => self.element(format_args!(
                r#"<circle class="{classes}" cx="{x:.1}" cy="{y:.1}" r="6"/>"#
            )),
            Some(shape) => {
                let points: Vec<_> = SHAPES[shape]
                    .iter()
                    .map(|(right, down)| format!("{:.1},{:.1}", x + right, y + down))
                    .collect();
                let points = points.join(" ");
                self.element(format_args!(r#"<polygon class="{classes}" points="{points}"/>"#));
            }
        }
    }

    /// Returns the picture: what was added ends above `bottom`, and the source follows. `figures`
    /// are those that it shows, for those who do not see it.
    pub(super) fn finish(mut self, bottom: f64, caption: &Caption, figures: &str) -> String {
        self.text("title", (MARGIN, 30.0), &caption.title);
        self.text("muted", (MARGIN, 53.0), &caption.subtitle);
        let mut height = bottom + 4.0;
        for line in wrap(&caption.source(), SOURCE_CHARACTERS) {
            height += 18.0;
            self.text("muted source", (MARGIN, height), &line);
        }
        height += 12.0;
        let (title, elements) = (escape(&caption.title), self.elements);
        let figures = escape(&format!("{}. {figures}.", caption.subtitle));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title figures">
<title id="title">{title}</title>
<desc id="figures">{figures}</desc>
<style>{STYLE}</style>
<rect class="background" width="{WIDTH}" height="{height}" rx="8"/>
{elements}</svg>
"#
        )
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.elements, "{element}").expect("a string takes all");
    }
}

/// Escapes what means something in XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[derive(Debug)]
    pub(crate) struct Placed {
        pub(crate) x: f64,
        pub(crate) y: f64,
        pub(crate) text: String,
    }

    /// The texts of a picture, in the order in which they were added.
    pub(crate) fn texts(picture: &str) -> Vec<Placed> {
        let document = roxmltree::Document::parse(picture).expect("XML");
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        let place = |node: roxmltree::Node<'_, '_>, name| {
            node.attribute(name).and_then(|place| place.parse().ok()).expect("a place")
        };
        let text = |node: roxmltree::Node<'_, '_>| Placed {
            x: place(node, "x"),
            y: place(node, "y"),
            text: node.text().unwrap_or_default().to_owned(),
        };
        texts.map(text).collect()
    }

    #[test]
    fn a_picture_is_xml_and_says_what_it_shows() {
        let caption = Caption { title: "1 < 2 & \"3\"".to_owned(), ..Caption::default() };
        let mut svg = Svg::default();
        svg.text("small", (1.0, 2.0), "Vec<u8>");
        let picture = svg.finish(100.0, &caption, "one: 1; two: 2");
        let document = roxmltree::Document::parse(&picture).expect("XML");
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let of = |name| document.descendants().find(|node| node.has_tag_name(name));
        assert_eq!(of("title").and_then(|title| title.text()), Some("1 < 2 & \"3\""));
        let figures = of("desc").and_then(|figures| figures.text()).unwrap_or_default();
        assert!(figures.ends_with("one: 1; two: 2."), "{figures}");
        assert_eq!(texts(&picture)[0].text, "Vec<u8>");
        assert!(!picture.contains("<script") && !picture.contains("url("), "{picture}");
    }

    #[test]
    fn each_contender_has_a_mark_of_its_own() {
        let marks: Vec<_> = (0..SERIES)
            .map(|series| {
                let mut svg = Svg::default();
                svg.mark("full", series, (100.0, 100.0));
                svg.elements.replace(&format!("s{series}"), "")
            })
            .collect();
        for (number, mark) in marks.iter().enumerate() {
            assert!(!marks[..number].contains(mark), "{mark}");
        }
    }
}
