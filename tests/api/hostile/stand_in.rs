//! A Salesforce on a bare socket: honest everywhere but at one resource, where it does what no HTTP library would.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, http::Uri};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{fixtures::honest, service::serve};

/// What is done to a request instead of answering it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trick {
    /// Nothing, and the connection stays open.
    Hangs,
    /// A header that goes on for ever, a byte at a time.
    SlowHeaders,
    /// 200, and a body of which a byte comes at a time.
    SlowBody,
    /// `100 Continue`, for ever.
    OnlyContinues,
    /// 200, and half of the body that it has announced.
    CutOff,
    /// 200, a page, and half of it.
    HalfAPage,
    /// 200, a page.
    LoginPage,
    /// 200, a content type of a page, and nothing.
    EmptyPage,
    /// 200, and plain text.
    WrongContentType,
    /// 200, said to be compressed, and is not.
    NotCompressed,
    /// 200, and a body that never stops coming, as fast as it is read.
    EndlessBody,
    /// A header larger than any that is read.
    HugeHeaders,
    /// Bytes that are no HTTP.
    Garbage,
    /// JSON of no known shape.
    OtherJson,
    /// The connection is closed.
    Closes,
    /// A redirect to another host, which would answer.
    Redirects,
}

/// A hostile Salesforce that is being served.
pub(super) struct StandIn {
    pub(super) url: String,
    asked: Arc<AtomicUsize>,
    elsewhere: Elsewhere,
}

/// The host to which redirects lead. It would answer as an honest Salesforce.
struct Elsewhere {
    url: String,
    asked: Arc<AtomicUsize>,
}

/// What one connection needs to know.
#[derive(Clone)]
struct Script {
    url: String,
    at: &'static str,
    trick: Trick,
    asked: Arc<AtomicUsize>,
    elsewhere: String,
}

impl StandIn {
    /// Serves one that plays its trick on each request whose path ends with `at`.
    pub(super) async fn serve(at: &'static str, trick: Trick) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<AtomicUsize>::default();
        let elsewhere = Elsewhere::serve().await;
        let script = Script {
            url: url.clone(),
            at,
            trick,
            asked: Arc::clone(&asked),
            elsewhere: elsewhere.url.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(script.clone().converse(stream));
            }
        });
        Self {
            url,
            asked,
            elsewhere,
        }
    }

    /// How often the trick was played. Holds only where no redirect was followed.
    #[track_caller]
    pub(super) fn asked(&self) -> usize {
        let followed = self.elsewhere.asked.load(Ordering::SeqCst);
        assert_eq!(followed, 0, "a redirect was followed");
        self.asked.load(Ordering::SeqCst)
    }
}

impl Elsewhere {
    async fn serve() -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&asked);
        let answer = async move |uri: Uri| {
            counted.fetch_add(1, Ordering::SeqCst);
            Json(honest(
                "http://127.0.0.1:1",
                &uri.path().to_ascii_lowercase(),
            ))
        };
        let url = serve(Router::new().fallback(answer)).await;
        Self { url, asked }
    }
}

impl Script {
    async fn converse(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(path) = request(&mut stream).await {
            let is_tricked = path.ends_with(self.at);
            if is_tricked {
                self.asked.fetch_add(1, Ordering::SeqCst);
            }
            let answered = if is_tricked {
                let moved = format!("{}{path}", self.elsewhere);
                // As Salesforce answers to a record that is created.
                let success = match self.at {
                    "/sobjects/lead" => "201 Created",
                    _ => "200 OK",
                };
                play(self.trick, success, &moved, stream.get_mut()).await
            } else {
                let body = honest(&self.url, &path).to_string();
                let answer = answer("200 OK", "application/json", &body);
                stream.get_mut().write_all(answer.as_bytes()).await.is_ok()
            };
            if !answered {
                return;
            }
        }
    }
}

/// Reads a request to its end, and gives the path without its query; `None` once the other end has hung up.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(head).ok()?.to_ascii_lowercase();
    let length = head.split_once("content-length: ");
    let length = length.and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok());
    stream
        .read_exact(&mut vec![0; length.unwrap_or(0)])
        .await
        .ok()?;
    let target = head.split(' ').nth(1)?;
    Some(target.split('?').next()?.to_owned())
}

fn answer(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Plays a trick with this status of a success; `moved` is where a redirect leads. Returns whether the connection may go on.
async fn play(trick: Trick, success: &str, moved: &str, stream: &mut TcpStream) -> bool {
    const PAGE: &str = "<html><body>Log in to Salesforce</body></html>";
    let half = format!("HTTP/1.1 {success}\r\nContent-Length: 5000\r\nContent-Type: ");
    let whole = |content_type, body| answer(success, content_type, body);
    let text = match trick {
        Trick::Hangs => return forever(stream, "", Duration::from_hours(1)).await,
        Trick::SlowHeaders => {
            let start = format!("HTTP/1.1 {success}\r\nX-Slow: ");
            return forever(stream, &start, Duration::from_millis(50)).await;
        }
        Trick::SlowBody => {
            let start = format!("{half}application/json\r\n\r\n");
            return forever(stream, &start, Duration::from_millis(50)).await;
        }
        Trick::EndlessBody => {
            let start = format!("HTTP/1.1 {success}\r\nContent-Type: application/json\r\n\r\n");
            return forever(stream, &start, Duration::ZERO).await;
        }
        Trick::OnlyContinues => {
            while stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .await
                .is_ok()
            {
                sleep(Duration::from_millis(50)).await;
            }
            return false;
        }
        Trick::CutOff => format!("{half}application/json\r\n\r\n{{\"id\":"),
        Trick::HalfAPage => format!("{half}text/html\r\n\r\n{PAGE}"),
        Trick::LoginPage => whole("text/html; charset=UTF-8", PAGE),
        Trick::EmptyPage => whole("text/html", ""),
        Trick::WrongContentType => whole("text/plain", "OK"),
        Trick::NotCompressed => whole("application/json\r\nContent-Encoding: gzip", "{}"),
        Trick::HugeHeaders => format!("HTTP/1.1 {success}\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)),
        Trick::Garbage => "\u{0}\u{1}garbage\r\n\r\n".repeat(10),
        Trick::OtherJson => whole("application/json", "[[{\"success\": 5}], null]"),
        Trick::Closes => return false,
        Trick::Redirects => {
            // This one keeps the method and the body, as a write that is followed would need.
            let moved = format!("307 Temporary Redirect\r\nLocation: {moved}");
            answer(&moved, "text/html", PAGE)
        }
    };
    // Half an answer ends with the connection.
    let _ = stream.write_all(text.as_bytes()).await;
    !matches!(trick, Trick::CutOff | Trick::HalfAPage | Trick::Garbage)
}

/// Sends a start, and then blanks at this pace until the other end hangs up.
async fn forever(stream: &mut TcpStream, start: &str, pause: Duration) -> bool {
    let mut sent = stream.write_all(start.as_bytes()).await;
    let chunk = if pause.is_zero() { 65_536 } else { 1 };
    while sent.is_ok() {
        sleep(pause).await;
        sent = stream.write_all(&vec![b' '; chunk]).await;
    }
    false
}
