//! From figures to places.

/// A range of figures, and the range of pixels where they are drawn.
pub(super) struct Scale {
    figures: [f64; 2],
    pixels: [f64; 2],
    is_logarithmic: bool,
}

const DECADES: [f64; 10] = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

impl Scale {
    pub(super) fn linear(figures: [f64; 2], pixels: [f64; 2]) -> Self {
        Self { figures, pixels, is_logarithmic: false }
    }

    /// A scale on which equal factors are equal distances. The figures are greater than zero.
    pub(super) fn logarithmic(figures: [f64; 2], pixels: [f64; 2]) -> Self {
        Self { figures, pixels, is_logarithmic: true }
    }

    /// Returns the place of a figure; of one out of the range, the nearest end.
    pub(super) fn place(&self, figure: f64) -> f64 {
        let [low, high] = self.figures;
        let figure = figure.clamp(low, high);
        let share = if self.is_logarithmic {
            (figure / low).ln() / (high / low).ln()
        } else {
            (figure - low) / (high - low)
        };
        self.pixels[0] + share * (self.pixels[1] - self.pixels[0])
    }
}

/// Returns the fewest powers of ten, two at least, between which all of these figures are.
pub(super) fn decades(figures: impl Iterator<Item = f64> + Clone) -> &'static [f64] {
    let [low, high] = [figures.clone().fold(f64::INFINITY, f64::min), figures.fold(0.0, f64::max)];
    let end = DECADES.len() - 1;
    let first = DECADES.iter().rposition(|&decade| decade <= low).unwrap_or(0).min(end - 1);
    let last = DECADES.iter().position(|&decade| decade >= high).unwrap_or(end).max(first + 1);
    &DECADES[first..=last]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(scale: &Scale, figure: f64) -> String {
        format!("{:.0}", scale.place(figure))
    }

    #[test]
    fn a_logarithmic_scale_has_equal_factors_at_equal_distances() {
        let scale = Scale::logarithmic([0.1, 1000.0], [100.0, 500.0]);
        let places =
            [0.1, 1.0, 10.0, 100.0, 1000.0, f64::INFINITY].map(|figure| pixel(&scale, figure));
        assert_eq!(places, ["100", "200", "300", "400", "500", "500"]);
    }

    #[test]
    fn a_linear_scale_may_go_upwards() {
        let scale = Scale::linear([0.0, 1.0], [300.0, 100.0]);
        assert_eq!([0.0, 0.25, 1.0].map(|figure| pixel(&scale, figure)), ["300", "250", "100"]);
    }

    #[test]
    fn the_axis_has_the_powers_of_ten_around_the_figures() {
        assert_eq!(decades([0.24, 200.0].into_iter()), [0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(decades([1.0, 10.0].into_iter()), [1.0, 10.0]);
        assert_eq!(decades([10.0].into_iter()), [10.0, 100.0]);
        assert_eq!(decades([1e9].into_iter()), [1e5, 1e6]);
    }
}
