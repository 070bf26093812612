//! Environment variables that Kubernetes sets for a Service. They are not settings, even if their names look like it.

/// Whether Kubernetes sets a variable of this name for a Service, or Docker for a link: `X_SERVICE_HOST`,
/// `X_SERVICE_PORT`, `X_SERVICE_PORT_HTTP`, `X_PORT`, `X_PORT_80_TCP`, `X_PORT_80_TCP_ADDR` and the like.
pub(super) fn is_of_kubernetes(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT")
        || (name.rsplit_once("_PORT_")).is_some_and(|(_, rest)| is_port_and_protocol(rest))
}

/// `80_TCP`, `80_TCP_PROTO`, `80_TCP_PORT` or `80_TCP_ADDR`.
fn is_port_and_protocol(text: &str) -> bool {
    let mut parts = text.split('_');
    let (port, protocol, what) = (parts.next(), parts.next(), parts.next());
    let is_number = |port: &str| port.parse::<u16>().is_ok();
    port.is_some_and(is_number)
        && matches!(protocol, Some("TCP" | "UDP" | "SCTP"))
        && matches!(what, None | Some("PROTO" | "PORT" | "ADDR"))
        && parts.next().is_none()
}
