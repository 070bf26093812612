//! Tracks whether rudder-server has reached this service, so that an operator can tell whether a switch has worked.

use std::{
    sync::{
        Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time;

use super::routes;

/// How long after the start rudder-server should have sent a request.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// Whether rudder-server has sent a request since the start.
#[derive(Debug, Default)]
pub(super) struct Contact(AtomicBool);

impl Contact {
    pub(super) fn is_made(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Records a request. The first request that only rudder-server can have sent is logged.
    pub(super) fn notice(&self, path: &str) {
        if self.is_made() {
            return;
        }
        let Some(asked) = routes::asked_by_rudder_server(path) else {
            return;
        };
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::info!(
                asked,
                "rudder-server has asked for the first time: this service is its transformer"
            );
        }
    }
}

/// Waits for `patience`. If rudder-server has not sent a request by then, logs what to check, unless the service is gone.
pub(super) async fn remind(contact: Weak<Contact>, patience: Duration) {
    time::sleep(patience).await;
    if contact.upgrade().is_some_and(|contact| !contact.is_made()) {
        tracing::warn!(
            ?patience,
            "rudder-server has sent nothing since the start. If it should have, check that its DEST_TRANSFORM_URL is \
             this service (of several in its environment the last one counts, and RudderStack's Helm chart writes its own \
             behind backend.extraEnvVars), and whether a NetworkPolicy keeps it out"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;

    #[test]
    fn what_people_and_probes_ask_for_is_not_rudder_server() {
        let contact = Contact::default();
        for path in [
            "/",
            "/health",
            "/ready",
            "/metrics",
            "/transform",
            "/v0x",
            "/favicon.ico",
        ] {
            contact.notice(path);
            assert!(!contact.is_made(), "{path}");
        }
        for path in [
            "/features",
            "//v0/destinations/salesforce",
            "/v1/sources/webhook",
            "/routerTransform",
            "/batch",
            "/deleteUsers",
            "/customTransform",
        ] {
            let contact = Contact::default();
            contact.notice(path);
            assert!(contact.is_made(), "{path}");
        }
    }

    #[tokio::test]
    async fn a_rudder_server_that_does_not_come_is_told_with_what_to_look_at() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
        let _guard = tracing::subscriber::set_default(subscriber.finish());
        let contact = Arc::new(Contact::default());
        let after = |contact| remind(contact, Duration::from_millis(1));
        after(Weak::new()).await;
        assert_eq!(log.take(), "", "the service is gone");
        after(Arc::downgrade(&contact)).await;
        assert!(log.take().contains("DEST_TRANSFORM_URL"));
        contact.notice("/features");
        log.take();
        after(Arc::downgrade(&contact)).await;
        assert_eq!(log.take(), "", "it has come");
    }

    /// What is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
        }
    }

    impl Write for Log {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
