//! A headless browser of a test's own, driven through chromedriver. What a test waits for is waited for inside the browser.

use std::{fs, os::unix::fs::MetadataExt, time::Duration};

use serde_json::{Value, json};
use thirtyfour::{
    By, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, TypingData, WebDriver,
    WebElement,
    cdp::domains::emulation::{MediaFeature, SetEmulatedMedia},
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::chromedriver::Chromedriver;

/// How many browsers run at a time: each keeps a core busy.
const MOST: u32 = 3;
static TURNS: Semaphore = Semaphore::const_new(MOST as usize);

/// How long the browser waits for what a test expects.
const PATIENCE: Duration = Duration::from_secs(30);

/// The theme that the person has chosen in the system's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A running browser.
pub(crate) struct Browser {
    driver: WebDriver,
    _chromedriver: Chromedriver,
    _turn: SemaphorePermit<'static>,
}

impl Browser {
    /// Starts a browser when it is its turn.
    pub(crate) async fn start() -> Self {
        Self::start_in(TURNS.acquire().await.unwrap()).await
    }

    /// Starts a browser when no other one runs, so that its figures are its own.
    pub(crate) async fn start_alone() -> Self {
        Self::start_in(TURNS.acquire_many(MOST).await.unwrap()).await
    }

    async fn start_in(turn: SemaphorePermit<'static>) -> Self {
        let chromedriver = Chromedriver::start();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.add_arg("--headless=new").unwrap();
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            wanted.set_no_sandbox().unwrap();
        }
        wanted.set_disable_dev_shm_usage().unwrap();
        // A name that is no address of this machine, as an operator's DNS has one: a page there is no secure context.
        let names = format!("--host-resolver-rules=MAP {NAME} 127.0.0.1");
        wanted.add_arg(&names).unwrap();
        wanted
            .set_browser_log_level(LoggingPrefsLogLevel::All)
            .unwrap();
        let requests = ("performance", LoggingPrefsLogLevel::All);
        wanted.set_logging_prefs(requests.0, requests.1).unwrap();
        let driver = WebDriver::new(chromedriver.url(), wanted).await.unwrap();
        driver.set_script_timeout(PATIENCE).await.unwrap();
        Self {
            driver,
            _chromedriver: chromedriver,
            _turn: turn,
        }
    }

    /// Opens a URL.
    pub(crate) async fn goto(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// What a script returns.
    pub(crate) async fn script(&self, body: &str) -> Value {
        let returned = self.driver.execute(body, []).await;
        let returned = returned.unwrap_or_else(|error| panic!("{error}\nin the script: {body}"));
        returned.json().clone()
    }

    /// The value of an expression, once it has one that counts as true.
    pub(crate) async fn until(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[0], value = () => ({expression});
            (function ask() {{ const found = value(); found ? done(found) : setTimeout(ask, 20); }})();"
        );
        match self.driver.execute_async(script, []).await {
            Ok(found) => found.json().clone(),
            Err(error) => {
                let shown = self.script("return document.body.innerText").await;
                let shown = shown.as_str().unwrap_or_default();
                let said = self.complaints().await;
                panic!(
                    "not so in time: {expression}\n{error}\nThe console says: {said:#?}\nThe page shows:\n{shown}"
                );
            }
        }
    }

    /// Waits until this part of the page says these words, and returns all that it says.
    pub(crate) async fn says(&self, css: &str, words: &str) -> String {
        let (css, words) = (json!(css), json!(words));
        let part = format!("(document.querySelector({css})?.innerText ?? '')");
        let said = format!("{part}.includes({words}) && {part}");
        self.until(&said).await.as_str().unwrap().to_owned()
    }

    /// The texts of all elements that a selector finds.
    pub(crate) async fn texts(&self, css: &str) -> Vec<String> {
        let all = format!("document.querySelectorAll({})", json!(css));
        let texts = format!("return [...{all}].map((element) => element.innerText)");
        serde_json::from_value(self.script(&texts).await).unwrap()
    }

    /// The element that a selector finds, once it is shown.
    pub(crate) async fn find(&self, css: &str) -> WebElement {
        let is_shown = format!("document.querySelector({})?.checkVisibility()", json!(css));
        self.until(&is_shown).await;
        self.driver.find(By::Css(css)).await.unwrap()
    }

    /// Clicks an element.
    pub(crate) async fn click(&self, css: &str) {
        let element = self.find(css).await;
        let clicked = element.click().await;
        clicked.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
    }

    /// Replaces what a field holds, as somebody does who selects all and pastes.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let field = format!("document.querySelector({})", json!(css));
        self.find(css).await;
        self.script(&format!("{field}.focus(); {field}.select()"))
            .await;
        let pasted = json!({ "text": text });
        self.devtools("Input.insertText", pasted).await;
    }

    /// Presses keys one after the other.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        let keys = self.driver.action_chain().send_keys(keys);
        keys.perform().await.unwrap();
    }

    /// What was copied last; the page has to be allowed to read it.
    pub(crate) async fn clipboard(&self) -> String {
        let read = self.script("return navigator.clipboard.readText()").await;
        read.as_str().unwrap().to_owned()
    }

    /// Runs a command of the protocol of the `DevTools`.
    pub(crate) async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let answer = self.driver.cdp().send_raw(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Gives the page this size, in CSS pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let emulation = self.driver.cdp();
        let emulation = emulation.emulation();
        let resized = emulation.set_device_metrics_override(width, height, 1.0, false);
        resized.await.unwrap();
    }

    /// Lets the system prefer a theme.
    pub(crate) async fn prefer(&self, theme: Theme) {
        let feature = MediaFeature {
            name: "prefers-color-scheme".to_owned(),
            value: theme.name().to_owned(),
        };
        let media = SetEmulatedMedia {
            features: Some(vec![feature]),
            ..SetEmulatedMedia::default()
        };
        self.driver.cdp().send(media).await.unwrap();
    }

    /// What the console has said since the last time, errors and warnings alone.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let said = self.driver.browser_log().await.unwrap().into_iter();
        let complaints = said.filter(|entry| ["SEVERE", "WARNING"].contains(&&*entry.level));
        complaints.map(|entry| entry.message).collect()
    }

    /// The URLs that were asked for since the last time.
    pub(crate) async fn requests(&self) -> Vec<String> {
        let log = self.driver.get_log("performance").await.unwrap();
        let entries = log.iter().map(|entry| {
            let entry: Value = serde_json::from_str(&entry.message).unwrap();
            entry["message"].clone()
        });
        let requests = entries.filter(|it| it["method"] == "Network.requestWillBeSent");
        let url = |it: Value| it["params"]["request"]["url"].as_str().unwrap().to_owned();
        requests.map(url).collect()
    }
}

/// The host by which the browser reaches this machine besides its addresses.
pub(crate) const NAME: &str = "transformer.example";

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its chromedriver: it need not be asked to.
        let _ = self.driver.clone().leak();
    }
}
