//! chromedriver in a process group of its own, which ends with its test, however the test ends.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    iter,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

/// Starts what its arguments name, and kills the whole group as soon as that ends or nobody holds the other end of its standard
/// input any more: also where the tests are killed themselves. The browser that chromedriver starts belongs to the group.
const LEASHED: &str = r#"{ "$0" "$@" </dev/null; kill -s KILL 0; } & read -r _; kill -s KILL 0"#;

/// How often it is started: a port that it finds free may be taken when it listens there.
const ATTEMPTS: usize = 5;

/// How often its folder is cleared, 20 ms apart, before it is left behind.
const ATTEMPTS_TO_CLEAR: usize = 100;

/// A running chromedriver.
pub(crate) struct Chromedriver {
    shell: Child,
    port: u16,
    /// Where it and its browser keep what they need while they run.
    folder: PathBuf,
}

impl Chromedriver {
    /// Starts it on a free port.
    pub(crate) fn start() -> Self {
        let mut attempts = iter::repeat_with(Self::attempt).take(ATTEMPTS);
        let started = attempts.find_map(|attempt| attempt);
        started.unwrap_or_else(|| {
            panic!("chromedriver does not start: docs/measuring.md says what to install")
        })
    }

    fn attempt() -> Option<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        // A short path: the browser has a socket in there.
        let folder = env::temp_dir().join(format!("sft-browser-{}-{number}", process::id()));
        fs::create_dir(&folder).unwrap();
        let shell = Command::new("/bin/sh")
            .args(["-c", LEASHED, "chromedriver", "--port=0"])
            .env("TMPDIR", &folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut started = Self {
            shell,
            port: 0,
            folder,
        };
        let lines = BufReader::new(started.shell.stdout.take().unwrap()).lines();
        started.port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        })?;
        Some(started)
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It dies by its own signal, and so does the browser, which may write a file until it has.
        let _ = self.shell.wait();
        for _ in 0..ATTEMPTS_TO_CLEAR {
            if fs::remove_dir_all(&self.folder).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
