//! A headless Chromium, driven by the DevTools protocol over a pipe: JSON messages, each
//! ended by a zero byte. <https://chromedevtools.github.io/devtools-protocol/>

use serde_json::{Value, json};
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// A test that waits this long has failed.
const WATCHDOG: Duration = Duration::from_secs(120);
/// What the browser is called, if the variable `CHROMIUM` does not say it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser with one page.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    profile: PathBuf,
    session: Option<String>,
    last_id: u64,
    /// What the console has shown since the page was opened.
    pub console: Vec<Value>,
}

/// Where a program of one of these names is.
fn installed() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let places = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

impl Browser {
    /// Starts the browser. `None` if none is installed: the test is skipped then. `test`:
    /// names a folder for what the browser keeps.
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = installed() else {
            println!("SKIPPED {test}: no Chromium is installed, and $CHROMIUM names none");
            return None;
        };
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{test}"));
        // The browser reads from descriptor 3 and writes to 4.
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
            "sh",
        ]);
        shell
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--no-sandbox"]);
        shell.args(["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
        shell.arg(format!("--user-data-dir={}", profile.display()));
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = shell.spawn().expect("a shell");
        let (to, from) = (
            process.stdin.take().unwrap(),
            process.stdout.take().unwrap(),
        );
        let (sends, receives) = mpsc::channel();
        thread::spawn(move || {
            let mut from = BufReader::new(from);
            let mut message = Vec::new();
            while let Ok(1..) = from.read_until(0, &mut message) {
                message.pop();
                let _ = sends.send(serde_json::from_slice(&message).expect("JSON"));
                message.clear();
            }
        });
        let mut browser = Self {
            process,
            to,
            from: receives,
            profile,
            session: None,
            last_id: 0,
            console: Vec::new(),
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", target);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// The next message, noted if it is about the console.
    fn receive(&mut self) -> Value {
        let message = self
            .from
            .recv_timeout(WATCHDOG)
            .expect("a message of the browser");
        let method = message["method"].as_str().unwrap_or_default();
        if [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ]
        .contains(&method)
        {
            self.console.push(message["params"].clone());
        }
        message
    }

    /// Calls a method of the protocol, and returns its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        loop {
            let answer = self.receive();
            if answer["id"] == id {
                assert_eq!(answer["error"], Value::Null, "{method}");
                return answer["result"].clone();
            }
        }
    }

    /// Opens a file, and waits until it and what its scripts have asked for are loaded.
    pub fn open(&mut self, file: &Path) {
        self.console.clear();
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", json!({"url": url}));
        while self.receive()["method"] != "Page.loadEventFired" {}
        self.ready();
    }

    /// Waits until each scheduler has loaded what it was asked for.
    pub fn ready(&mut self) {
        self.eval(
            "new Promise(done => {
               const all = [...document.querySelectorAll('.scheduler')];
               const check = () => all.every(it => it.dataset.ready) && done(true);
               new MutationObserver(check).observe(document, {subtree: true, attributes: true});
               check();
             })",
        );
    }

    /// The value of an expression, or of the promise that it is.
    pub fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let result = self.call("Runtime.evaluate", params);
        assert_eq!(result["exceptionDetails"], Value::Null, "{expression}");
        result["result"]["value"].clone()
    }

    pub fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
            .to_owned()
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        let text = if key.len() == 1 { key } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({"type": kind, "key": key, "code": key, "text": text});
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// The window is so wide and high, in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        let params =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", params);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}
