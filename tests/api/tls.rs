//! A Salesforce behind TLS that speaks HTTP/2, and the authority that certifies it or does not.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use axum::{body::Bytes, http::Response};
use pem::Pem;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::fixtures::honest;

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its own certificate in a file, for `SSL_CERT_FILE`.
    pub(crate) fn file(&self, name: &str) -> String {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
        let certificate: &Certificate = self.0.as_ref();
        let certificate = Pem::new("CERTIFICATE", certificate.der().as_ref());
        fs::write(&file, pem::encode(&certificate)).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// What a server needs whose certificate is for this name.
    pub(crate) fn certify(&self, name: &str) -> TlsAcceptor {
        self.signed(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// The same with a certificate of long ago.
    pub(crate) fn certify_expired(&self, name: &str) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.signed(&params)
    }

    fn signed(&self, params: &CertificateParams) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Serves an honest Salesforce over HTTP/2, and returns its address.
pub(crate) async fn serve(tls: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(tls.clone(), stream, format!("https://{address}")));
        }
    });
    address
}

/// Answers what comes on a connection. A handshake that fails is its test's point, and the end of the connection.
async fn converse(tls: TlsAcceptor, stream: TcpStream, url: String) {
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let body = honest(&url, request.uri().path()).to_string();
        let head = Response::builder().header("content-type", "application/json");
        let head = head.body(()).unwrap();
        let mut sending = respond.send_response(head, false).unwrap();
        sending.send_data(Bytes::from(body), true).unwrap();
    }
}
