//! Replicas of the service that share a store: processes of their own, or services in this process.

use std::{future::Future, time::Duration};

use futures_util::future::join_all;
use salesforce_transformer::Config;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    process::{Process, Settings, for_org},
    service::{Answer, Service},
};

/// How long a test waits for what is about to be.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whoever answers over HTTP.
pub(crate) trait Replica: Sync {
    /// Asks for a path.
    fn ask(&self, path: &str) -> impl Future<Output = Answer> + Send;

    /// Posts a body as a rudder-server does that knows the status 299.
    fn send(&self, path: &str, body: Value) -> impl Future<Output = Answer> + Send;

    /// What `/ready` says of the shared state: `up`, `away`, `connecting`.
    fn sharing(&self) -> impl Future<Output = String> + Send {
        async {
            let ready = self.ask("/ready").await.json();
            ready["sharedState"].as_str().unwrap().to_owned()
        }
    }

    /// Waits until `/ready` says this of the shared state.
    fn until_sharing(&self, wanted: &str) -> impl Future<Output = ()> + Send {
        async move {
            let said = async { while self.sharing().await != wanted {} };
            let said = timeout(PATIENCE, said).await;
            if said.is_err() {
                let ready = self.ask("/ready").await.text;
                panic!("the shared state is not {wanted}: {ready}");
            }
        }
    }

    /// Posts jobs to the router, and reads the entries in the order of their first jobs.
    fn routed(&self, jobs: &[Value]) -> impl Future<Output = Vec<Value>> + Send {
        async move {
            let body = json!({"input": jobs, "destType": "salesforce"});
            let mut answer = self.send("/routerTransform", body).await.accepted();
            let Value::Array(mut entries) = answer["output"].take() else {
                panic!("no entries: {answer}")
            };
            entries.sort_by_key(|entry| entry["metadata"][0]["jobId"].as_u64());
            entries
        }
    }

    /// Delivers a described entry through the proxy; the status of each of its jobs.
    fn proxied(&self, entry: &Value) -> impl Future<Output = Vec<u64>> + Send {
        async move {
            let mut body = entry["batchedRequest"][0].clone();
            body.as_object_mut().unwrap().remove("version");
            body["userId"] = json!("");
            body["metadata"] = entry["metadata"].clone();
            // What the router has returned comes back.
            body["destinationConfig"] = entry["destination"]["Config"].clone();
            let path = "/v1/destinations/salesforce/proxy";
            let answer = self.send(path, body).await.accepted();
            let jobs = answer["output"]["response"].as_array().unwrap().iter();
            jobs.map(|job| job["statusCode"].as_u64().unwrap())
                .collect()
        }
    }
}

impl Replica for Process {
    async fn ask(&self, path: &str) -> Answer {
        self.get(path).await
    }

    async fn send(&self, path: &str, body: Value) -> Answer {
        self.post(path, body.to_string()).await
    }
}

impl Replica for Service {
    async fn ask(&self, path: &str) -> Answer {
        self.get(path).await
    }

    async fn send(&self, path: &str, body: Value) -> Answer {
        let request = self.request(path).header("X-Feature-Filter-Code", "?1");
        crate::service::send(request.body(body.to_string())).await
    }
}

/// Starts a process that shares this store, and waits until it does.
pub(crate) async fn process(salesforce: &str, store: &str, settings: &Settings<'_>) -> Process {
    let shared = [("SHARED_STATE_URL", store)];
    let process = Process::start(&for_org(salesforce, &[&shared, settings].concat())).await;
    process.until_sharing("up").await;
    process
}

/// Starts processes that share this store.
pub(crate) async fn processes<const N: usize>(
    salesforce: &str,
    store: &str,
    settings: &Settings<'_>,
) -> [Process; N] {
    join_all([(); N].map(|()| process(salesforce, store, settings)))
        .await
        .try_into()
        .unwrap_or_else(|_| unreachable!())
}

/// Starts a service in this process that shares this store, and waits until it does.
pub(crate) async fn service(salesforce: &str, store: &str, flags: &[&str]) -> Service {
    service_with(salesforce, store, flags, |_| {}).await
}

/// Starts such services.
pub(crate) async fn services<const N: usize>(
    salesforce: &str,
    store: &str,
    flags: &[&str],
) -> [Service; N] {
    join_all([(); N].map(|()| service(salesforce, store, flags)))
        .await
        .try_into()
        .unwrap_or_else(|_| unreachable!())
}

/// Starts such a service with settings that have no flag.
pub(crate) async fn service_with(
    salesforce: &str,
    store: &str,
    flags: &[&str],
    change: impl FnOnce(&mut Config),
) -> Service {
    // A busy machine may take longer than a store should.
    let shared = ["--shared-state-url", store, "--shared-state-timeout", "1s"];
    let flags = [&shared, flags].concat();
    let service = Service::start_with(salesforce, &flags, change).await;
    service.until_sharing("up").await;
    service
}
