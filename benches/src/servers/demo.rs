//! The demo's program.

use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::LazyLock;
use std::{env, iter};

/// Returns the path of the demo's program.
///
/// Cargo gives a bench the programs of its own package only. Under `cargo bench` this has the demo
/// built, or found up to date; a bench that is started by itself takes the program that lies in the
/// same folder or in one above. Ends this process, saying what to do, if there is none.
pub(super) fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        if let Some(cargo) = env::var_os("CARGO") {
            let status = Command::new(cargo).args(&BUILD[1..]).arg("--quiet").status();
            if !status.is_ok_and(|status| status.success()) {
                fail("did not succeed");
            }
        }
        find().unwrap_or_else(|| fail("is needed first: the demo is one of the servers"))
    });
    &PROGRAM
}

const BUILD: [&str; 5] = ["cargo", "build", "--release", "-p", "demo-server"];

fn find() -> Option<PathBuf> {
    let name = format!("demo-server{}", env::consts::EXE_SUFFIX);
    let bench = env::current_exe().ok()?;
    let mut folders = iter::successors(bench.parent(), |folder| folder.parent());
    folders.find_map(|folder| Some(folder.join(&name)).filter(|path| path.is_file()))
}

fn fail(reason: &str) -> ! {
    eprintln!("`{}` {reason}", BUILD.join(" "));
    process::exit(1)
}
