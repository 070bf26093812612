//! The service in a process of its own, as an operator runs it.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
};

/// A running process, which is killed where its test ends before it.
pub(crate) struct Process(Child);

impl Process {
    /// Starts the service with these flags, and waits until it listens.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_salesforce-transformer"));
        Self::run(command, flags)
    }

    /// Starts the service with a socket that is handed over as systemd does it, and waits until it listens.
    pub(crate) fn start_at(socket: &TcpListener, flags: &[&str]) -> Self {
        let hand_over =
            r#"exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@""#;
        let socket = OwnedFd::from(socket.try_clone().unwrap());
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", hand_over])
            .arg(env!("CARGO_BIN_EXE_salesforce-transformer"))
            .stdin(socket);
        Self::run(command, flags)
    }

    fn run(mut command: Command, flags: &[&str]) -> Self {
        let command = command.args(flags).env_clear();
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut lines = log.lines().map(Result::unwrap);
        let started = lines.find(|line| line.contains("listening"));
        assert!(started.is_some(), "it has ended: {:?}", child.wait());
        // A log that nobody reads fills up, and whoever writes to it waits.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    /// Sends it a SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(kill.unwrap().success());
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The flags of a service on the loopback whose Salesforce, login hosts included, is at this URL.
pub(crate) fn for_org(salesforce: &str) -> Vec<&str> {
    let flags = [
        ["--host", "127.0.0.1"],
        ["--salesforce-login-url", salesforce],
        ["--salesforce-allowed-hosts", salesforce],
        ["--salesforce-client-id", "consumer-key"],
        ["--salesforce-client-secret", "consumer-secret"],
    ];
    flags.as_flattened().to_vec()
}
