//! A connection to the store, in whatever way its servers work together.

use std::{fs, path::Path, time::Duration};

use super::{
    address::{Address, Topology},
    failure::Failure,
    script::{Call, Reply},
};
use crate::config::SharedStateSettings;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo, Pipeline, RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind,
    TlsCertificates, TlsMode, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClientBuilder, SentinelServerType},
};

/// A connection to the store. Clones share it; requests of all callers go over it at once.
#[derive(Clone)]
pub(super) enum Connection {
    /// To one server, which sentinels may have named.
    Server(MultiplexedConnection),
    /// To the servers of a cluster.
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects to the store at this address, and waits at most `timeout` for that.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) async fn open(
        settings: &SharedStateSettings,
        address: Address,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let certificates = certificates(settings)?;
        let opened = tokio::time::timeout(timeout, Self::to(address, certificates, timeout));
        match opened.await {
            Ok(Err(error)) if !error.is_timeout() => Err(Failure::from(&error)),
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(_)) | Err(_) => Err(Failure::Connection(format!(
                "no connection within {}; redis:// and rediss:// must be as the store expects",
                humantime::format_duration(timeout)
            ))),
        }
    }

    async fn to(
        address: Address,
        certificates: TlsCertificates,
        timeout: Duration,
    ) -> RedisResult<Self> {
        // Each caller has its own timeout, which is shorter.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        match address.topology.clone() {
            Topology::Standalone => {
                let mut infos = address.infos();
                let info = infos.swap_remove(0);
                let client = if address.is_tls {
                    Client::build_with_tls(info, certificates)?
                } else {
                    Client::open(info)?
                };
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                connection.await.map(Self::Server)
            }
            Topology::Sentinel(name) => {
                let mut client = address.sentinel(&name, certificates)?.build()?;
                let connection = client.get_async_connection_with_config(&config);
                connection.await.map(Self::Server)
            }
            Topology::Cluster => {
                let mut cluster = ClusterClient::builder(address.infos())
                    .connection_timeout(timeout)
                    .response_timeout(timeout);
                if address.is_tls {
                    cluster = cluster.certs(certificates);
                }
                cluster
                    .build()?
                    .get_async_connection()
                    .await
                    .map(Self::Cluster)
            }
        }
    }

    /// Runs scripts in one round trip, and in a second one if the store does not know them yet.
    ///
    /// # Errors
    /// [`Failure`] if any of them fails. The others may have run.
    pub(super) async fn run(&mut self, calls: &[Call]) -> Result<Vec<Reply>, Failure> {
        let mut values = self.send(calls.iter().map(Call::by_hash)).await;
        let no_script = ErrorKind::Server(ServerErrorKind::NoScript);
        if values
            .as_ref()
            .is_err_and(|error| error.kind() == no_script)
        {
            values = self.send(calls.iter().map(Call::by_code)).await;
        }
        let mut values = values.map_err(|error| Failure::from(&error))?;
        let unknown: Vec<usize> = (0..values.len().min(calls.len()))
            .filter(|place| matches!(&values[*place], Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript)))
            .collect();
        if !unknown.is_empty() {
            let again = unknown.iter().map(|place| calls[*place].by_code());
            let again = self.send(again).await;
            let again = again.map_err(|error| Failure::from(&error))?;
            for (place, value) in unknown.into_iter().zip(again) {
                values[place] = value;
            }
        }
        let replies = values.into_iter().map(|value| match value {
            Value::ServerError(error) => Err(Failure::from(&RedisError::from(error))),
            value => Ok(Reply(value)),
        });
        replies.collect()
    }

    async fn send(
        &mut self,
        commands: impl Iterator<Item = redis::Cmd>,
    ) -> RedisResult<Vec<Value>> {
        let mut pipeline = Pipeline::new();
        for command in commands {
            pipeline.add_command(command);
        }
        let count = pipeline.len();
        match self {
            Self::Server(server) => server.req_packed_commands(&pipeline, 0, count).await,
            Self::Cluster(cluster) => cluster.req_packed_commands(&pipeline, 0, count).await,
        }
    }

    /// Runs one command, for the command `check`.
    ///
    /// # Errors
    /// [`Failure`].
    pub(super) async fn command<T: redis::FromRedisValue>(
        &mut self,
        command: &redis::Cmd,
    ) -> Result<T, Failure> {
        let answer = match self {
            Self::Server(server) => command.query_async(server).await,
            Self::Cluster(cluster) => command.query_async(cluster).await,
        };
        answer.map_err(|error| Failure::from(&error))
    }
}

impl Address {
    /// How the crate describes each server.
    fn infos(&self) -> Vec<ConnectionInfo> {
        let redis = self.login();
        let info = |node: &ConnectionAddr| {
            let info = node.clone().into_connection_info();
            info.map(|info| info.set_redis_settings(redis.clone()))
        };
        self.addresses()
            .iter()
            .filter_map(|node| info(node).ok())
            .collect()
    }

    fn addresses(&self) -> Vec<ConnectionAddr> {
        let nodes = self.nodes.iter().cloned();
        let address = |(host, port)| {
            if self.is_tls {
                ConnectionAddr::TcpTls {
                    host,
                    port,
                    insecure: false,
                    tls_params: None,
                }
            } else {
                ConnectionAddr::Tcp(host, port)
            }
        };
        nodes.map(address).collect()
    }

    fn login(&self) -> RedisConnectionInfo {
        let mut login = RedisConnectionInfo::default().set_db(self.database);
        if let Some(username) = &self.username {
            login = login.set_username(username);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password);
        }
        login
    }

    /// The servers that sentinels know. The login is that of the servers; sentinels are asked without one.
    fn sentinel(
        &self,
        name: &str,
        certificates: TlsCertificates,
    ) -> RedisResult<SentinelClientBuilder> {
        let sentinels = self.addresses();
        let mut client = SentinelClientBuilder::new(sentinels, name, SentinelServerType::Master)?
            .set_client_to_redis_db(self.database);
        if let Some(username) = &self.username {
            client = client.set_client_to_redis_username(username);
        }
        if let Some(password) = &self.password {
            client = client.set_client_to_redis_password(password);
        }
        if self.is_tls {
            client = client
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(certificates);
        }
        Ok(client)
    }
}

/// The certificates of the settings, read anew for each connection, because they are renewed.
fn certificates(settings: &SharedStateSettings) -> Result<TlsCertificates, Failure> {
    let read = |name: &str, path: &Path| {
        fs::read(path).map_err(|error| {
            Failure::Setting(format!(
                "{name}: {} cannot be read: {error}",
                path.display()
            ))
        })
    };
    let root_cert = settings.shared_state_ca_file.as_deref();
    let root_cert = root_cert.map(|path| read("SHARED_STATE_CA_FILE", path));
    let (cert, key) = (
        settings.shared_state_cert_file.as_deref(),
        settings.shared_state_cert_key_file.as_deref(),
    );
    if cert.is_some() != key.is_some() {
        return Err(Failure::Setting(
            "SHARED_STATE_CERT_FILE and SHARED_STATE_CERT_KEY_FILE belong together: set both"
                .to_owned(),
        ));
    }
    let client_tls = cert.zip(key).map(|(cert, key)| {
        Ok::<_, Failure>(ClientTlsConfig {
            client_cert: read("SHARED_STATE_CERT_FILE", cert)?,
            client_key: read("SHARED_STATE_CERT_KEY_FILE", key)?,
        })
    });
    Ok(TlsCertificates {
        root_cert: root_cert.transpose()?,
        client_tls: client_tls.transpose()?,
    })
}
