//! The service in a process of its own, which is killed and started again.

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use salesforce_simulator::flags_for;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{cost::cpu_of, redis::free_port};

/// How long a process may take to become ready, and to find the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a call to Salesforce may take, and how long a job waits for its result: shorter than by default, so that what a killed process
/// has held is soon free. The store has more time than by default, because the replicas, the store, Salesforce and rudder-server share one
/// machine here: a replica that gets no CPU time for a moment would go on alone, and nobody could tell why somebody is doubled.
///
/// A busy machine takes longer than `CREATE_WINDOW` for what the processor is ahead, which would be doubled as documented.
const SETTINGS: [(&str, &str); 6] = [
    ("CREATE_WINDOW", "10m"),
    ("SHARED_STATE_TIMEOUT", "250ms"),
    ("SALESFORCE_TIMEOUT", "2s"),
    ("DELIVERY_TIMEOUT", "20s"),
    ("SHARED_STATE_KEY", "a secret of the benchmark"),
    ("LOG_LEVEL", "info"),
];

/// A replica, which is killed with its benchmark.
pub(super) struct Replica {
    pub(super) url: String,
    port: u16,
    http: reqwest::Client,
    salesforce: String,
    settings: Vec<(String, String)>,
    log: PathBuf,
    child: Mutex<Child>,
}

impl Replica {
    /// Starts one for an org, with the address of the store if there is one, and waits until it is ready.
    pub(super) async fn start(
        salesforce: &str,
        store: Option<&str>,
        settings: &[(&str, &str)],
    ) -> Self {
        let port = free_port();
        let store = store.map(|store| ("SHARED_STATE_URL", store));
        let settings = SETTINGS.iter().chain(&store).chain(settings);
        let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<_> = settings.collect();
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("replica-{port}.log"));
        let child = spawn(salesforce, port, &settings, &log);
        let replica = Self {
            url: format!("http://127.0.0.1:{port}"),
            port,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            salesforce: salesforce.to_owned(),
            settings,
            log,
            child: Mutex::new(child),
        };
        replica.is_ready().await;
        replica
    }

    /// Kills the process, and starts it again on its port.
    pub(super) async fn kill_and_restart(&self) {
        {
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            child.kill().unwrap();
            child.wait().unwrap();
            *child = spawn(&self.salesforce, self.port, &self.settings, &self.log);
        }
        self.is_ready().await;
    }

    /// How long its threads have run so far.
    pub(super) fn cpu(&self) -> Duration {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        cpu_of(child.id())
    }

    async fn is_ready(&self) {
        let ready = async {
            while self.ready().await.is_none() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let is_ready = timeout(PATIENCE, ready).await.is_ok();
        assert!(is_ready, "a replica does not get ready: {}", self.said());
    }

    /// Waits until the process shares the store, if there is one.
    pub(super) async fn shares(&self) {
        if !self
            .settings
            .iter()
            .any(|(name, _)| name == "SHARED_STATE_URL")
        {
            return;
        }
        let shares = async {
            while self
                .ready()
                .await
                .is_none_or(|it| it["sharedState"] != "up")
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let is_up = timeout(PATIENCE, shares).await.is_ok();
        assert!(is_up, "a replica does not find the store: {}", self.said());
    }

    /// What `/ready` says, if it is ready.
    async fn ready(&self) -> Option<Value> {
        let answer = self.http.get(format!("{}/ready", self.url)).send().await;
        let answer = answer.ok()?.error_for_status().ok()?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    }

    /// How often it has said that it goes on without the store.
    pub(super) fn times_alone(&self) -> usize {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.matches("this replica goes on alone").count()
    }

    /// The end of its log.
    fn said(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.floor_char_boundary(log.len().saturating_sub(2_000));
        log[from..].to_owned()
    }
}

fn spawn(salesforce: &str, port: u16, settings: &[(String, String)], log: &PathBuf) -> Child {
    let log = File::options().create(true).append(true).open(log).unwrap();
    Command::new(env!("CARGO_BIN_EXE_salesforce-transformer"))
        .args(flags_for(salesforce))
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .env_clear()
        .envs(settings.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

impl Drop for Replica {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may have ended already.
        let _ = child.kill();
        let _ = child.wait();
        let _ = fs::remove_file(&self.log);
    }
}
