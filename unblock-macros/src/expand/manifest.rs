//! The name that the user's manifest gives to the runtime.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::{env, fs};

/// What the runtime is called on the registry.
const PACKAGE: &str = "unblock-runtime";

/// Returns the name by which the crate that is being compiled knows the runtime: `unblock_runtime`,
/// unless its manifest renames it.
///
/// This reads no more of TOML than where a dependency is renamed: a library for that would be the
/// larger part of what this crate needs to be built.
pub(crate) fn runtime_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| renamed().unwrap_or_else(|| PACKAGE.to_owned()).replace('-', "_"))
}

fn renamed() -> Option<String> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    if let Some(name) = renamed_in(&manifest) {
        return Some(name);
    }
    // `name = { workspace = true }` has the package in the manifest of the workspace.
    folder.ancestors().skip(1).find_map(|folder| {
        let workspace = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        renamed_in(&workspace).filter(|name| inherits(&manifest, name))
    })
}

/// Returns the key of the dependency whose package is the runtime, if it has another name.
///
/// ```text
/// rt = { package = "unblock-runtime", version = "0.1" }
///
/// [dependencies.rt]
/// package = "unblock-runtime"
/// ```
fn renamed_in(manifest: &str) -> Option<String> {
    let mut table = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            table = header.split(']').next().unwrap_or_default();
            continue;
        }
        let Some(after) = line.split_once("package").map(|(_, after)| after.trim_start()) else {
            continue;
        };
        let value = after.strip_prefix('=').unwrap_or_default().trim_start();
        let is_runtime = ['"', '\''].iter().any(|quote| {
            value.strip_prefix(*quote).and_then(|value| value.split(*quote).next()) == Some(PACKAGE)
        });
        if is_runtime && table.contains("dependencies") {
            let key = line.split(['=', '.']).next().unwrap_or_default().trim();
            // In a table of its own the key is the last word of the header.
            let key = if key == "package" { table.rsplit('.').next()? } else { key };
            return Some(key.trim_matches(['"', '\'']).to_owned());
        }
    }
    None
}

/// Returns true if a manifest takes the dependency from its workspace.
fn inherits(manifest: &str, key: &str) -> bool {
    manifest.lines().any(|line| {
        line.trim_start().strip_prefix(key).is_some_and(|after| after.contains("workspace"))
            || line.trim_end().ends_with(&format!("dependencies.{key}]"))
    })
}

#[cfg(test)]
mod tests {
    use super::{inherits, renamed_in};

    #[test]
    fn finds_the_key_wherever_it_stands() {
        for manifest in [
            "[dependencies]\nrt = { package = \"unblock-runtime\", version = \"0.1\" }",
            "[dependencies]\nother = \"1\"\nrt = {version='0.1', package='unblock-runtime'}",
            "[dependencies.rt]\nversion = \"0.1\"\npackage = \"unblock-runtime\"",
            "[dependencies]\nrt.version = \"0.1\"\nrt.package = \"unblock-runtime\"",
            "[target.'cfg(unix)'.dependencies]\n\"rt\" = { package = \"unblock-runtime\" }",
            "[workspace.dependencies]\nrt = { package = \"unblock-runtime\" }",
        ] {
            assert_eq!(renamed_in(manifest).as_deref(), Some("rt"), "{manifest}");
        }
    }

    #[test]
    fn finds_nothing_where_nothing_is_renamed() {
        for manifest in [
            "[dependencies]\nunblock-runtime = \"0.1\"",
            "[package]\nname = \"unblock-runtime\"",
            "[package]\npackage = \"unblock-runtime\"",
            "[dependencies]\nrt = { package = \"unblock-runtime-other\" }",
            "",
        ] {
            assert_eq!(renamed_in(manifest), None, "{manifest}");
        }
    }

    #[test]
    fn sees_what_comes_from_the_workspace() {
        assert!(inherits("[dependencies]\nrt = { workspace = true }", "rt"));
        assert!(inherits("[dependencies]\nrt.workspace = true", "rt"));
        assert!(!inherits("[dependencies]\nother.workspace = true", "rt"));
    }
}
