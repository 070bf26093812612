//! The service in a process of its own, as an operator runs it: with an environment, a log and signals of its own. All that it
//! has to say is logged, and looked through for secrets.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, Weak},
    thread::{self, JoinHandle},
};

use reqwest::RequestBuilder;
use tokio::sync::watch;

use crate::{
    planted::{CLIENT_ID, CLIENT_SECRET, look_through, this_test},
    service::{Answer, send},
};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_salesforce-transformer");

/// What every process logs, unless its test sets something else: all of it.
const EVERYTHING: (&str, &str) = ("LOG_LEVEL", "trace");

/// The processes that would outlive a suite that ends before its tests do.
static RUNNING: Mutex<Vec<Weak<Mutex<Child>>>> = Mutex::new(Vec::new());

/// Settings of the environment, which holds nothing else.
pub(crate) type Settings<'s> = [(&'s str, &'s str)];

/// A running process, which is killed where its test ends before it.
pub(crate) struct Process {
    port: u16,
    http: reqwest::Client,
    child: Arc<Mutex<Child>>,
    /// What it has logged so far; the sender is gone once the process is.
    log: watch::Receiver<String>,
    /// Reads its log until it ends.
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts the service on a free port of the loopback, and waits until it listens.
    pub(crate) async fn start(settings: &Settings<'_>) -> Self {
        loop {
            let port = free_port();
            match Self::run(Command::new(BINARY), port, settings).await {
                Ok(process) => return process,
                // Somebody else has taken the port since.
                Err(log) => assert!(log.contains("cannot listen on"), "it has ended: {log}"),
            }
        }
    }

    /// Starts the service on this port of the loopback, and waits until it listens.
    pub(crate) async fn start_on(port: u16, settings: &Settings<'_>) -> Self {
        let started = Self::run(Command::new(BINARY), port, settings).await;
        started.unwrap_or_else(|log| panic!("it has ended: {log}"))
    }

    /// Starts the service on a free port, with a limit of open files.
    pub(crate) async fn start_with_files(files: u32, settings: &Settings<'_>) -> Self {
        let limited = format!(r#"ulimit -n {files}; exec "$0""#);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &limited, BINARY]);
        let started = Self::run(command, free_port(), settings).await;
        started.unwrap_or_else(|log| panic!("it has ended: {log}"))
    }

    /// Starts the service with a socket that is handed over as systemd does it, and waits until it listens.
    pub(crate) async fn start_at(socket: &TcpListener, settings: &Settings<'_>) -> Self {
        let hand_over = r#"exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0""#;
        let port = socket.local_addr().unwrap().port();
        let socket = OwnedFd::from(socket.try_clone().unwrap());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", hand_over, BINARY]).stdin(socket);
        let started = Self::run(command, port, settings).await;
        started.unwrap_or_else(|log| panic!("it has ended: {log}"))
    }

    /// Starts the service on a free port, with files that grow to so many blocks of 512 bytes at most.
    pub(crate) async fn start_with_small_files(blocks: u32, settings: &Settings<'_>) -> Self {
        let limited = format!(r#"ulimit -f {blocks}; exec "$0""#);
        loop {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &limited, BINARY]);
            match Self::run(command, free_port(), settings).await {
                Ok(process) => return process,
                Err(log) => assert!(log.contains("cannot listen on"), "it has ended: {log}"),
            }
        }
    }

    /// Runs it; where it ends before it listens, gives what it has logged.
    async fn run(mut command: Command, port: u16, settings: &Settings<'_>) -> Result<Self, String> {
        let mut child = command
            .env_clear()
            .envs([EVERYTHING])
            .envs(settings.iter().copied())
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (written, log) = watch::channel(String::new());
        let test = this_test();
        let reader = thread::spawn(move || {
            for line in lines.map(Result::unwrap) {
                look_through(&line, &test);
                written.send_modify(|log| log.extend([line.as_str(), "\n"]));
            }
        });
        let child = Arc::new(Mutex::new(child));
        RUNNING.lock().unwrap().push(Arc::downgrade(&child));
        let mut process = Self {
            port,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            child,
            log,
            reader: Some(reader),
        };
        let listening = |log: &String| log.contains("listening");
        let listens = process.log.wait_for(listening).await.is_ok();
        if listens {
            Ok(process)
        } else {
            Err(process.log())
        }
    }

    /// The port at which it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The most memory that has been resident so far, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        let pid = self.child.lock().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.unwrap().trim().strip_suffix(" kB").unwrap();
        kilobytes.parse::<u64>().unwrap() << 10
    }

    /// Asks for a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.http.get(self.url(path))).await
    }

    /// Posts JSON as a rudder-server does that knows the status 299.
    pub(crate) async fn post(&self, path: &str, body: String) -> Answer {
        send(self.request(path, body)).await
    }

    /// A request that posts JSON so.
    pub(crate) fn request(&self, path: &str, body: String) -> RequestBuilder {
        let request = self.http.post(self.url(path)).body(body);
        request
            .header("Content-Type", "application/json")
            .header("X-Feature-Filter-Code", "?1")
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it has logged so far: all of it once it has ended.
    pub(crate) fn log(&self) -> String {
        self.log.borrow().clone()
    }

    /// Sends it a SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child.lock().unwrap(), name);
    }

    /// Waits until it has logged these words.
    pub(crate) async fn says(&mut self, words: &str) {
        let said = self.log.wait_for(|log| log.contains(words)).await;
        assert!(said.is_ok(), "not said: {words}");
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        while self.log.changed().await.is_ok() {}
        // Its log has ended, and so does it.
        self.child.lock().unwrap().wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        // It may be dead already.
        let _ = child.kill();
        let _ = child.wait();
        // What it wrote last is looked through as well before its test ends.
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

/// Sends a process a signal.
pub(crate) fn signal(child: &Child, name: &str) {
    let mut kill = Command::new("kill");
    kill.args(["-s", name, &child.id().to_string()]);
    assert!(kill.status().unwrap().success());
}

/// Kills the processes of all tests.
pub(crate) fn kill_all() {
    for child in RUNNING.lock().unwrap().iter().filter_map(Weak::upgrade) {
        // Whoever holds it is about to end it.
        let _ = child.try_lock().map(|mut child| child.kill());
    }
}

/// Runs the program to its end, with these arguments and this environment and no other. What it says is said to an operator, too.
pub(crate) async fn run(arguments: &[&str], environment: &Settings<'_>) -> Output {
    let mut command = Command::new(BINARY);
    command.args(arguments).env_clear().envs([EVERYTHING]);
    command.envs(environment.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    for text in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(text);
        text.lines()
            .for_each(|line| look_through(line, &this_test()));
    }
    output
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The settings of a service whose Salesforce, login hosts included, is at this URL, and these.
pub(crate) fn for_org<'s>(salesforce: &'s str, others: &Settings<'s>) -> Vec<(&'s str, &'s str)> {
    let settings = [
        ("SALESFORCE_LOGIN_URL", salesforce),
        ("SALESFORCE_ALLOWED_HOSTS", salesforce),
        ("SALESFORCE_CLIENT_ID", CLIENT_ID),
        ("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET),
    ];
    [&settings, others].concat()
}
