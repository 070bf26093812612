//! TLS: certificates that do not match, handshakes that never end, and connections that fall silent. The real binary, which
//! trusts the authority of its environment (`SSL_CERT_FILE`) and nobody else.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    time::timeout,
};

use super::{SOON, TIMEOUT};
use crate::{
    fixtures::oauth_job,
    planted::TOKEN,
    process::Process,
    service::{assert_says, error, verdict},
    tls::{self, Authority},
};

const RETRYABLE: (u64, &str, &str) = (500, "network", "retryable");

/// Enough for a handshake on a busy machine.
const PATIENT: &str = "3s";

/// Starts a service that trusts this authority and may call all of these.
async fn service(name: &str, authority: &Authority, allowed: &[&str], timeout: &str) -> Process {
    let file = authority.file(name);
    let settings = [
        ("SSL_CERT_FILE", file.as_str()),
        ("SALESFORCE_ALLOWED_HOSTS", &allowed.join(",")),
        ("SALESFORCE_TIMEOUT", timeout),
    ];
    Process::start(&settings).await
}

/// The entry of a lead at this org.
async fn asked(service: &Process, org: &str) -> Value {
    let secret = json!({"access_token": TOKEN, "instance_url": org});
    let body = json!({"input": [oauth_job(1, secret)], "destType": "salesforce_oauth"});
    let answer = service.post("/routerTransform", body.to_string());
    let mut answer = timeout(SOON, answer).await.unwrap().accepted();
    answer["output"][0].take()
}

#[tokio::test]
async fn only_a_certificate_of_a_trusted_authority_for_the_orgs_name_and_day_is_taken() {
    let (ours, other) = (Authority::new(), Authority::new());
    let right = tls::serve(ours.certify("127.0.0.1")).await;
    let wrong = [
        tls::serve(ours.certify("acme.my.salesforce.com")).await,
        tls::serve(ours.certify("127.0.0.2")).await,
        tls::serve(ours.certify_expired("127.0.0.1")).await,
        tls::serve(other.certify("127.0.0.1")).await,
    ];
    let url = |address: &SocketAddr| format!("https://{address}");
    let urls: Vec<String> = wrong.iter().map(url).chain([url(&right)]).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let service = service("certificates", &ours, &urls, PATIENT).await;
    let [wrong @ .., right] = urls.as_slice() else {
        panic!("no orgs")
    };
    for org in wrong {
        let entry = asked(&service, org).await;
        assert_eq!(verdict(&entry), RETRYABLE, "{entry}");
        assert_says(error(&entry), "certificate");
    }
    let entry = asked(&service, right).await;
    assert_eq!(verdict(&entry), (200, "", ""), "{entry}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_retried_after_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let org = format!("https://{}", listener.local_addr().unwrap());
    let service = service("handshake", &Authority::new(), &[&org], TIMEOUT).await;
    let entry = asked(&service, &org).await;
    assert_eq!(verdict(&entry), RETRYABLE);
    assert_says(error(&entry), "SALESFORCE_TIMEOUT");
}

/// A connection over which many requests go at once is kept as long as it lives: one that is dead without a word must not
/// swallow every later request of its org.
#[tokio::test]
async fn a_connection_that_falls_silent_is_given_up_for_a_new_one() {
    let authority = Authority::new();
    let salesforce = tls::serve(authority.certify("127.0.0.1")).await;
    let line = Line::to(salesforce).await;
    let service = service("silence", &authority, &[&line.url], PATIENT).await;
    assert_eq!(verdict(&asked(&service, &line.url).await).0, 200);
    // A client that has just opened another connection is cut off from that one, too.
    let silent = async {
        line.cut();
        while verdict(&asked(&service, &line.url).await) != RETRYABLE {
            line.cut();
        }
    };
    timeout(SOON, silent).await.unwrap();
    let recovered = async { while verdict(&asked(&service, &line.url).await).0 != 200 {} };
    timeout(SOON, recovered).await.unwrap();
}

/// The way to a server, on which connections can fall silent.
struct Line {
    url: String,
    /// The connections so far carry nothing any longer once it is set.
    is_cut: Arc<std::sync::Mutex<Arc<AtomicBool>>>,
}

impl Line {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let is_cut = Arc::<std::sync::Mutex<Arc<AtomicBool>>>::default();
        let of_now = Arc::clone(&is_cut);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(server).await.unwrap();
                let (near, far) = (near.into_split(), far.into_split());
                let is_cut = of_now.lock().unwrap().clone();
                tokio::spawn(carry(near.0, far.1, Arc::clone(&is_cut)));
                tokio::spawn(carry(far.0, near.1, is_cut));
            }
        });
        Self { url, is_cut }
    }

    /// The connections fall silent, and stay open. Later ones are whole.
    fn cut(&self) {
        let before = std::mem::take(&mut *self.is_cut.lock().unwrap());
        before.store(true, Ordering::SeqCst);
    }
}

/// Carries bytes one way, as long as the line is whole: after that they are read and lost.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_cut: Arc<AtomicBool>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !is_cut.load(Ordering::SeqCst) && to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
