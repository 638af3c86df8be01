//! Pictures of tables, as SVG for a page with a light or a dark background.
//!
//! They are drawn here: two charts, whose colors are in a style sheet, so that one file fits a
//! light page and a dark one.

mod dot_plot;
mod labels;
mod line_chart;
mod scale;
mod svg;

use std::path::Path;
use std::{fs, process};

pub use dot_plot::{DotPlot, Percentiles};
pub use line_chart::{Line, LineChart};

use crate::heading::machine_and_date;

/// What stands above and below a picture.
#[derive(Default)]
pub struct Caption {
    /// What the picture shows.
    pub title: String,
    /// How it was measured.
    pub subtitle: String,
    /// How often and how long.
    pub rounds: String,
}

/// Writes a picture to a file, whose folder it makes, and says so on standard error. Ends this
/// process if it cannot: the table is printed by then.
pub fn write(file: &Path, picture: &str) {
    let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
    if let Err(error) = folder.and_then(|()| fs::write(file, picture)) {
        eprintln!("{}: {error}", file.display());
        process::exit(1);
    }
    eprintln!("wrote {}", file.display());
}

impl Caption {
    /// Where and when it was measured, and how often.
    fn source(&self) -> String {
        format!("{}; {}", machine_and_date(), self.rounds)
    }
}
