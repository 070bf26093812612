//! chromedriver in a process group of its own, which ends with its test, however the test ends.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// Starts what its arguments name, and kills the whole group as soon as nobody holds the other end of its standard input: also
/// where the tests are killed themselves. The browser that chromedriver starts belongs to the group.
const LEASHED: &str = r#""$0" "$@" </dev/null & read -r _; kill -s KILL 0"#;

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
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        // A short path: the browser has a socket in there.
        let folder = env::temp_dir().join(format!("sft-browser-{}-{number}", process::id()));
        fs::create_dir(&folder).unwrap();
        let mut shell = Command::new("/bin/sh")
            .args(["-c", LEASHED, "chromedriver", "--port=0"])
            .env("TMPDIR", &folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.unwrap_or_else(|| {
            panic!("chromedriver has to be installed: docs/measuring.md says how")
        });
        Self {
            shell,
            port,
            folder,
        }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It dies by its own signal, and a file that a dying process still writes is left where it is.
        let _ = self.shell.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
