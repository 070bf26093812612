//! The listening sockets: those that were passed to the process (`LISTEN_FDS`), or one that is opened here.

use std::{
    io,
    net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use futures_util::future::select_all;
use listenfd::ListenFd;
use socket2::SockRef;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::config::Serving;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// The listening sockets; at least one.
#[derive(Debug)]
pub struct Listeners(Vec<TcpListener>);

/// Why the service cannot listen.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("{setting}: cannot listen on {address}: {error}{hint}", hint = hint(.error))]
    Address {
        /// The settings that name the address.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        error: io::Error,
    },
    /// A socket that was passed to the process cannot be used.
    #[error(
        "LISTEN_FDS: the passed socket {index} is not a listening TCP socket ({error}): in the .socket unit, use ListenStream= with a port and Accept=no"
    )]
    Inherited {
        /// Its index, from 0.
        index: usize,
        /// The error of the system.
        error: io::Error,
    },
}

impl ListenError {
    /// Whether any other address would fail for the same reason.
    fn is_of_the_port(&self) -> bool {
        match self {
            Self::Address { error, .. } => matches!(
                error.kind(),
                io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
            ),
            Self::Inherited { .. } => true,
        }
    }
}

fn hint(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::AddrInUse {
        "; stop the process that listens there, or set REUSE_PORT=true for both"
    } else {
        ""
    }
}

impl Listeners {
    /// Takes the sockets that systemd, or another parent process, passes. If there are none, listens on `HOST` and
    /// `PORT`; without `HOST`, on all IPv6 and IPv4 addresses, or on IPv4 only if the machine has no IPv6.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn open(settings: &Serving) -> Result<Self, ListenError> {
        let inherited = inherited()?;
        if !inherited.is_empty() {
            return Ok(Self(inherited));
        }
        let at = |host: IpAddr| {
            let address = SocketAddr::new(host, settings.port);
            Self::at(address, settings.reuse_port, "HOST and PORT")
        };
        match settings.host {
            Some(host) => at(host),
            None => at(Ipv6Addr::UNSPECIFIED.into()).or_else(|error| {
                if error.is_of_the_port() {
                    return Err(error);
                }
                // The machine has no IPv6.
                at(Ipv4Addr::UNSPECIFIED.into())
            }),
        }
    }

    /// Listens on one address, which `setting` names. With `reuse_port` other processes may listen on it as well.
    ///
    /// # Errors
    /// [`ListenError::Address`].
    pub fn at(
        address: SocketAddr,
        reuse_port: bool,
        setting: &'static str,
    ) -> Result<Self, ListenError> {
        let bound = bound(address, reuse_port).map(Self::from);
        bound.map_err(|error| ListenError::Address {
            setting,
            address,
            error,
        })
    }

    /// The address of the first socket.
    ///
    /// # Errors
    /// If the system does not tell it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        let first = self.0.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        first.local_addr()
    }

    /// The addresses, as they are logged.
    #[must_use]
    pub fn addresses(&self) -> String {
        let addresses = self.0.iter().map(|listener| {
            let address = listener.local_addr();
            address.map_or_else(|error| error.to_string(), |address| address.to_string())
        });
        addresses.collect::<Vec<_>>().join(", ")
    }

    /// The next connection at any of the sockets.
    ///
    /// # Errors
    /// If a connection could not be accepted, for example because there are no file descriptors left.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        let accepts = self.0.iter().map(|listener| Box::pin(listener.accept()));
        let (accepted, ..) = select_all(accepts).await;
        accepted.map(|(connection, _)| connection)
    }

    /// Stops listening and returns the established connections that wait to be accepted, because closing the socket
    /// would reset them.
    #[must_use]
    pub fn close(self) -> Vec<TcpStream> {
        self.0.into_iter().flat_map(waiting).collect()
    }
}

/// The connections that wait at a socket. An error of one connection does not keep the others from being accepted.
fn waiting(listener: TcpListener) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    let listener = match listener.into_std() {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the connections waiting at a socket cannot be accepted and are reset");
            return connections;
        }
    };
    loop {
        match listener.accept().and_then(|(taken, _)| adopted(taken)) {
            Ok(connection) => connections.push(connection),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return connections,
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                tracing::error!(
                    %error,
                    taken = connections.len(),
                    "the other connections waiting at a socket cannot be accepted and are reset: raise the limit of open files (ulimit -n)"
                );
                return connections;
            }
        }
    }
}

/// Whether accepting can continue after this error: the client has gone, or a signal interrupted the call.
fn is_passing(error: &io::Error) -> bool {
    is_of_connection(error) || error.kind() == io::ErrorKind::Interrupted
}

/// Whether an error of `accept` concerns only this connection, whose client has already gone.
pub(super) fn is_of_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Self {
        Self(vec![listener])
    }
}

fn adopted(connection: net::TcpStream) -> io::Result<TcpStream> {
    connection.set_nonblocking(true)?;
    TcpStream::from_std(connection)
}

fn inherited() -> Result<Vec<TcpListener>, ListenError> {
    let mut handed_over = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..handed_over.len() {
        let listener = handed_over
            .take_tcp_listener(index)
            .and_then(|listener| listener.map(listening).transpose())
            .map_err(|error| ListenError::Inherited { index, error })?;
        listeners.extend(listener);
    }
    Ok(listeners)
}

fn listening(listener: net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

fn bound(address: SocketAddr, reuse_port: bool) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    #[cfg(unix)]
    {
        // Allow a port that was in use until a moment ago, with connections still in TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.set_reuseport(reuse_port)?;
    }
    #[cfg(not(unix))]
    if reuse_port {
        return Err(io::Error::other(
            "REUSE_PORT is not supported on this system",
        ));
    }
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        // Do not depend on the system's default (net.ipv6.bindv6only).
        SockRef::from(&socket).set_only_v6(false)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        serving: Serving,
    }

    #[tokio::test]
    async fn without_a_host_every_address_that_the_machine_has_is_listened_on() {
        let mut settings = Command::parse_from(["test", "--port", "0"]).serving;
        settings.host = None;
        let Listeners(listeners) = Listeners::open(&settings).unwrap();
        let port = listeners[0].local_addr().unwrap().port();
        let mut hosts = vec!["127.0.0.1"];
        // Containers without IPv6 do not have this address.
        if net::TcpListener::bind("[::1]:0").is_ok() {
            hosts.push("[::1]");
        }
        for host in hosts {
            let connected = TcpStream::connect(format!("{host}:{port}")).await;
            assert!(connected.is_ok(), "{host}: {connected:?}");
        }
    }
}
