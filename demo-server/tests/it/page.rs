//! The page as its users see it, in a real browser.

use rustix::process::Signal;
use serde_json::Value;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::demo::Demo;

const WIDTHS: [u32; 3] = [360, 1024, 1920];

/// The shortest gap that a handler which sleeps for a second can leave, in milliseconds: a request
/// that was sent just before is answered just after it began.
const SECOND: f64 = 900.0;

fn page(demo: &Demo) -> String {
    format!("http://{}/dashboard", demo.address)
}

impl Browser {
    /// Loads the page and waits until it is live.
    #[track_caller]
    fn open(&self, url: &str, width: u32, colors: &str) {
        self.load(url, width, colors);
        self.until("document.querySelector('[data-connection=live]')");
        self.until("document.querySelector('.verdict li')");
    }

    /// Fires requests and waits until the page says how they were answered.
    #[track_caller]
    fn fire(&self, work: &str, place: &str, requests: u32) -> String {
        self.click(&format!("input[value={place}]"));
        self.run(&format!("document.querySelector('input[type=number]').value = {requests};"));
        self.click(&format!("[data-work={work}]"));
        self.until("document.querySelector('.result').textContent.startsWith('Answered')");
        self.text(".result")
    }

    /// The longest time without an answer that the curve shows, in milliseconds.
    #[track_caller]
    fn drawn_gap(&self) -> f64 {
        self.number("Number(document.querySelector('[data-gap]').dataset.gap)")
    }

    #[track_caller]
    fn assert_fits(&self) {
        let wider = self.number("document.documentElement.scrollWidth - innerWidth");
        assert!(wider <= 0.0, "the page is {wider} px wider than the window");
    }
}

#[test]
fn the_page_shows_jobs_that_run_at_each_width_and_in_both_colors() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start(&[]);
    for width in WIDTHS {
        for colors in ["light", "dark"] {
            browser.open(&page(&demo), width, colors);
            browser.run("document.querySelector('input[type=number]').value = 6;");
            browser.click("[data-work=sleep]");
            // Each of them holds a worker, whose cell is not idle then.
            browser.until("document.querySelectorAll('.cells [data-state=asleep]').length >= 6");
            browser.until("document.querySelector('.cells [aria-label*=\"routes::sleep\"]')");
            browser.picture(&format!("jobs-{width}-{colors}"));
            browser.until("document.querySelector('.result').textContent.startsWith('Answered')");
            assert!(browser.text(".result").contains("6 × 200"), "{}", browser.text(".result"));
            browser.until("!document.querySelector('.cells .cell:not([data-state=idle])')");
            browser.until("document.querySelectorAll('.figures canvas').length === 5");
            browser.assert_fits();
            let faults = browser.faults();
            assert!(faults.is_empty(), "at {width} px, {colors}: {faults:#?}");
        }
    }
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn handlers_on_the_loop_leave_a_gap_in_the_curve_and_handlers_with_the_attribute_do_not() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start(&["--loops", "1"]);
    // A machine that stands still leaves a gap too, but not each time.
    let has_gap = |_| {
        browser.open(&page(&demo), 1024, "light");
        let told = browser.fire("sleep", "pool", 4);
        assert!(told.contains("4 × 200"), "{told}");
        browser.drawn_gap() > 0.0
    };
    assert!(!(0..10).all(has_gap), "there is a gap each time");
    let told = browser.fire("sleep", "loop", 2);
    assert!(told.contains("2 × 200"), "{told}");
    // The curve goes on when the light request that waited is answered.
    browser.until(&format!("Number(document.querySelector('[data-gap]').dataset.gap) >= {SECOND}"));
    browser.picture("gap-1024-light");
}

#[test]
fn computing_and_hammering_are_answered_and_refusals_are_counted() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start(&[]);
    browser.open(&page(&demo), 1024, "light");
    let told = browser.fire("compute", "pool", 2);
    assert!(told.contains(" × 200"), "{told}");
    // Ten times a second for five seconds, and each is answered in some way.
    let told = browser.fire("hammer", "pool", 2);
    let numbers = told.split(|letter: char| !letter.is_ascii_digit());
    assert!(numbers.filter_map(|text| text.parse::<u32>().ok()).any(|number| number > 0), "{told}");
}

#[test]
fn a_function_shows_its_times_and_what_it_runs_now() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start(&[]);
    browser.open(&page(&demo), 1024, "light");
    browser.fire("compute", "pool", 2);
    // The columns are the name, those in flight, the rate, those that have completed.
    let cell = "document.querySelector('.functions tbody td:nth-child(4)')?.textContent";
    browser.until(&format!("{cell} === '2'"));
    browser.click(".functions tbody button");
    browser.until("document.querySelector('.details h3').textContent === 'routes::spin'");
    browser.until("document.querySelector('.details .histogram li')");
    browser.until("document.querySelector('.details').textContent.includes(', ended at ')");
    browser.picture("function-1024-light");
    let faults = browser.faults();
    assert!(faults.is_empty(), "{faults:#?}");
    browser.click("input[name=unblock-window][value='2']");
    browser.until("document.querySelector('.details').textContent.includes('since start')");
    // The focus goes back to where it came from.
    browser.run("document.querySelector('.details h3').focus();");
    browser.press(Key::Escape);
    browser.until("document.querySelector('.details').hidden");
    browser.until("document.activeElement.matches('.functions tbody button')");
}

#[test]
fn the_page_can_be_used_with_the_keyboard() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start(&[]);
    browser.open(&page(&demo), 1024, "light");
    // All cells are one stop of the Tab key.
    let is_cell = "return document.activeElement.matches('.cells .cell');";
    let mut stops = 0;
    while browser.run(is_cell) != Value::Bool(true) {
        stops += 1;
        assert!(stops < 20, "no cell can be reached");
        browser.press(Key::Tab);
    }
    browser.until("document.querySelector('.about').textContent.startsWith('Worker 0 ')");
    browser.press(Key::Right);
    browser.until("document.querySelector('.about').textContent.startsWith('Worker 1 ')");
    let outline = "return getComputedStyle(document.activeElement).outlineStyle;";
    assert_eq!(browser.run(outline), "solid");
    browser.press(Key::Tab);
    assert_eq!(browser.run(is_cell), Value::Bool(false));
}

#[test]
fn the_page_says_when_the_server_is_gone() {
    let Some(browser) = Browser::start() else { return };
    let demo = Demo::start(&[]);
    browser.open(&page(&demo), 1024, "light");
    demo.process.signal(Signal::KILL);
    browser.until("document.querySelector('[data-connection=lost]')");
    let told = browser.text(".connection");
    assert!(told.starts_with("connection lost, trying again"), "{told}");
}
