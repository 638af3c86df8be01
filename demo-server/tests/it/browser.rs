//! A real browser, without a window: Debian's Chromium, driven by its `chromedriver`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};
use thirtyfour::BrowserLogEntry;
use thirtyfour::prelude::*;
use tokio::runtime::Runtime;

use crate::demo::Folder;
use crate::process::{Process, until};

/// Where `.ci/browser` puts axe-core, which finds faults of accessibility.
const AXE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../axe-core/axe.min.js");

/// If this is set, as by `.ci/run`, a test that needs the browser fails where there is none.
const REQUIRED: &str = "UNBLOCK_BROWSER";

pub(crate) struct Browser {
    runtime: Runtime,
    driver: WebDriver,
    // Both end after the session.
    _process: Process,
    _profile: Folder,
}

impl Browser {
    /// Starts a browser. `None`, with a message, where none is installed.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        if !["chromium", "chromedriver"].into_iter().all(is_installed) {
            let message = "chromium and chromedriver are not installed: .ci/browser installs them";
            assert!(env::var_os(REQUIRED).is_none(), "{message}");
            println!("skipped: {message}");
            return None;
        }
        let process = Process::start(Command::new("chromedriver").arg("--port=0"));
        let port = loop {
            let line = process.line();
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let profile = Folder::new();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let driver = runtime.block_on(session(&port, &profile.0)).expect("a session");
        Some(Self { runtime, driver, _process: process, _profile: profile })
    }

    /// Loads a page in a window of this width, in light or dark colors.
    #[track_caller]
    pub(crate) fn load(&self, url: &str, width: u32, colors: &str) {
        self.resize(f64::from(width), 900.0);
        self.cdp(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": colors }] }),
        );
        self.runtime.block_on(self.driver.goto(url)).expect("a page");
    }

    #[track_caller]
    fn resize(&self, width: f64, height: f64) {
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// A number of the page.
    #[track_caller]
    pub(crate) fn number(&self, expression: &str) -> f64 {
        self.run(&format!("return {expression};")).as_f64().expect("a number")
    }

    fn cdp(&self, method: &str, parameters: Value) {
        self.runtime.block_on(self.driver.cdp().send_raw(method, parameters)).expect(method);
    }

    /// Runs the body of a function in the page.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        let value = self.runtime.block_on(self.driver.execute(script, Vec::new()));
        value.expect("a value").json().clone()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub(crate) fn until(&self, expression: &str) {
        let script = format!("return Boolean({expression});");
        until(expression, || self.run(&script) == Value::Bool(true));
    }

    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?}).textContent;");
        self.run(&script).as_str().expect("a text").to_owned()
    }

    /// Clicks where a user would.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let click = async { self.driver.find(By::Css(selector)).await?.click().await };
        self.runtime.block_on(click).expect(selector);
    }

    /// Presses keys, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: impl Into<TypingData>) {
        let chain = self.driver.action_chain().send_keys(keys);
        self.runtime.block_on(chain.perform()).expect("keys");
    }

    /// What the console has that is worse than information.
    #[track_caller]
    pub(crate) fn complaints(&self) -> Vec<BrowserLogEntry> {
        let log = self.runtime.block_on(self.driver.browser_log()).expect("the log");
        log.into_iter().filter(|entry| !matches!(&*entry.level, "INFO" | "DEBUG")).collect()
    }

    /// The serious faults that axe-core finds. None, with a message, where it is not installed.
    #[track_caller]
    pub(crate) fn faults(&self) -> Vec<Value> {
        let Ok(axe) = fs::read_to_string(AXE) else {
            let message = "axe-core is not there: .ci/browser fetches it";
            assert!(env::var_os(REQUIRED).is_none(), "{message}");
            println!("skipped: {message}");
            return Vec::new();
        };
        self.run(&axe);
        let script = "axe.run().then(arguments[0]);";
        let report = self.runtime.block_on(self.driver.execute_async(script, Vec::new()));
        let report = report.expect("a report").json().clone();
        assert!(!report["passes"].as_array().unwrap().is_empty(), "it has looked at nothing");
        let is_serious =
            |fault: &&Value| fault["impact"] == "serious" || fault["impact"] == "critical";
        report["violations"].as_array().unwrap().iter().filter(is_serious).cloned().collect()
    }

    /// Keeps a picture of the whole page for those who want to look at it.
    pub(crate) fn picture(&self, name: &str) {
        self.resize(
            self.number("innerWidth"),
            self.number("document.documentElement.scrollHeight"),
        );
        let file = pictures().join(format!("{name}.png"));
        self.runtime.block_on(self.driver.screenshot(&file)).expect("a picture");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.driver.clone().quit());
    }
}

async fn session(port: &str, profile: &Path) -> WebDriverResult<WebDriver> {
    let mut wanted = DesiredCapabilities::chrome();
    // Chromium's own errands fail without a network, and are no part of the tests. As root it has
    // no sandbox.
    for argument in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ] {
        wanted.add_arg(argument)?;
    }
    wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    wanted.set("goog:loggingPrefs", json!({ "browser": "ALL" }))?;
    WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The folder of pictures.
fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    fs::create_dir_all(&folder).unwrap();
    folder
}
