//! The stage with the real binary: a process of its own, with an environment and a log of its own.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tokio::{
    net::TcpListener,
    time::{Duration, sleep, timeout},
};

use crate::service::{Answer, send};

/// A running service, which ends with its test.
pub(crate) struct Process {
    url: String,
    http: reqwest::Client,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the binary with these settings, and nothing of the environment of whoever runs the tests. `name` tells its log
    /// from those of other tests.
    pub(crate) async fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        loop {
            let mut process = Self::spawn(name, settings).await;
            if timeout(Duration::from_mins(1), process.listens())
                .await
                .unwrap()
            {
                return process;
            }
        }
    }

    async fn spawn(name: &str, settings: &[(&str, &str)]) -> Self {
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
        let port = free_port().await;
        let child = Command::new(env!("CARGO_BIN_EXE_salesforce-transformer"))
            .env_clear()
            .envs(settings.iter().copied())
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            child,
            log,
        }
    }

    /// Waits until it listens; false where it has ended, because somebody else has taken its port.
    async fn listens(&mut self) -> bool {
        while !self.log().contains("listening") {
            if self.child.try_wait().unwrap().is_some() {
                assert!(self.log().contains("cannot listen on"), "{}", self.log());
                return false;
            }
            sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Asks for a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Posts JSON as a rudder-server does that knows the status 299.
    pub(crate) async fn post(&self, path: &str, body: String) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request
            .header("Content-Type", "application/json")
            .header("X-Feature-Filter-Code", "?1");
        send(request.body(body)).await
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A port that was free a moment ago.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
