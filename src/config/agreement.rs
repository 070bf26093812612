//! Checks settings against each other.

use bytesize::ByteSize;
use humantime::format_duration;
use url::{Host, Url};

use super::{
    Config, Conflict, Delivery, Duplicates,
    conflict::{MIN_VERSION_TO_SAVE, RUDDER_SERVER_WAITS},
    serving::{REQUEST_WEIGHT, connections_within, max_header_bytes},
};

impl Config {
    /// Checks the settings against each other.
    ///
    /// # Errors
    /// [`Conflict`].
    pub(super) fn check_agreement(&self) -> Result<(), Conflict> {
        self.check_times()?;
        self.check_body_limit()?;
        self.check_connections()?;
        self.check_headers()?;
        self.check_duplicates()?;
        self.check_admin()?;
        self.check_upstream()
    }

    fn check_times(&self) -> Result<(), Conflict> {
        let (window, timeout) = (
            self.delivery.delivery_window,
            self.delivery.delivery_timeout,
        );
        let call = self.salesforce.timeout;
        for (setting, time) in [("DELIVERY_TIMEOUT", timeout), ("SALESFORCE_TIMEOUT", call)] {
            if time >= RUDDER_SERVER_WAITS {
                return Err(Conflict::RudderServer { setting, time });
            }
        }
        if window >= timeout {
            return Err(Conflict::Window { window, timeout });
        }
        if self.delivery.delivery == Delivery::Inline && call >= timeout {
            return Err(Conflict::Call { call, timeout });
        }
        Ok(())
    }

    fn check_body_limit(&self) -> Result<(), Conflict> {
        let (serving, most) = (&self.serving, self.serving.most_in_flight());
        match serving.body_limit {
            Some(limit) if limit.as_u64() > most / REQUEST_WEIGHT => Err(Conflict::BodyLimit {
                limit,
                memory: ByteSize(most),
                is_default: serving.max_in_flight_bytes.is_none(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn check_connections(&self) -> Result<(), Conflict> {
        let files = self.serving.process.files;
        let most = connections_within(files);
        match self.serving.max_connections {
            Some(set) if set > most => Err(Conflict::Connections { set, files, most }),
            Some(_) | None => Ok(()),
        }
    }

    fn check_headers(&self) -> Result<(), Conflict> {
        let (limit, memory) = (self.serving.header_limit, self.serving.most_in_flight());
        let most = max_header_bytes(memory);
        if limit.as_u64() > most {
            let memory = ByteSize(memory);
            return Err(Conflict::Headers {
                limit,
                memory,
                most,
            });
        }
        Ok(())
    }

    fn check_duplicates(&self) -> Result<(), Conflict> {
        let version = &self.salesforce.api_version;
        let major = version
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        let is_old = major.is_some_and(|major| major < MIN_VERSION_TO_SAVE);
        let policies = self.policies();
        let saves = policies
            .duplicates
            .values()
            .any(|policy| *policy == Duplicates::Save);
        if is_old && saves {
            let version = version.clone();
            return Err(Conflict::SaveDuplicates { version });
        }
        Ok(())
    }

    fn check_admin(&self) -> Result<(), Conflict> {
        let Some(address) = self.admin.admin_listen else {
            return Ok(());
        };
        if !address.ip().is_loopback() && self.admin.admin_token_file.is_none() {
            return Err(Conflict::AdminToken { address });
        }
        // Port 0 stands for any that is free.
        if address.port() == self.serving.port && address.port() != 0 {
            let port = address.port();
            return Err(Conflict::AdminPort { port });
        }
        Ok(())
    }

    fn check_upstream(&self) -> Result<(), Conflict> {
        let (upstream, port) = (&self.upstream.upstream_url, self.serving.port);
        let is_own = |url: &Url| is_loopback(url) && url.port_or_known_default() == Some(port);
        if upstream.as_ref().is_some_and(is_own) {
            return Err(Conflict::OwnUpstream { port });
        }
        Ok(())
    }

    /// Warnings about combinations of settings that are valid but may not be intended.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let (memory, most) = (self.serving.process.memory, self.serving.most_in_flight());
        let (stop, call) = (self.serving.shutdown_timeout, self.salesforce.timeout);
        let is_inline = self.delivery.delivery == Delivery::Inline;
        let idle = !is_inline && !self.delivery.inline_destinations.is_empty();
        [
            idle.then(|| {
                "INLINE_DESTINATIONS has no effect without DELIVERY=inline: nothing is delivered inline".to_owned()
            }),
            (most > memory / 2).then(|| {
                format!("MAX_IN_FLIGHT_BYTES ({most} bytes) is more than half of this process's memory ({memory} bytes), which other data needs as well")
            }),
            (stop < call).then(|| {
                format!(
                    "SHUTDOWN_TIMEOUT ({}) is shorter than SALESFORCE_TIMEOUT ({}): a restart may cut off a write while Salesforce makes it",
                    format_duration(stop), format_duration(call)
                )
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{ProcessLimits, tests::config};

    #[test]
    fn each_conflict_names_both_settings_with_their_values() {
        for (flags, words) in [
            (
                "--delivery-window 5m --delivery-timeout 5m",
                "DELIVERY_WINDOW (5m) must be shorter than DELIVERY_TIMEOUT (5m)",
            ),
            (
                "--delivery-timeout 600s",
                "DELIVERY_TIMEOUT (10m) must be shorter than rudder-server's own timeout (10m",
            ),
            (
                "--salesforce-timeout 1h",
                "SALESFORCE_TIMEOUT (1h) must be shorter than rudder-server's own timeout (10m",
            ),
            (
                "--delivery inline --salesforce-timeout 5m",
                "SALESFORCE_TIMEOUT (5m) must be shorter than DELIVERY_TIMEOUT (5m)",
            ),
            (
                "--body-limit 2049B --max-in-flight-bytes 6KiB",
                "BODY_LIMIT (2.0 KiB) is more than a third of MAX_IN_FLIGHT_BYTES (6.0 KiB)",
            ),
            (
                "--header-limit 9MiB --max-in-flight-bytes 64MiB",
                "HEADER_LIMIT (9.0 MiB) is more than an eighth of MAX_IN_FLIGHT_BYTES (64.0 MiB)",
            ),
            (
                "--upstream-url http://localhost:9090",
                "UPSTREAM_URL is the address of this service itself (PORT is 9090)",
            ),
            (
                "--duplicates save --salesforce-api-version 51.0",
                "DUPLICATES=save needs SALESFORCE_API_VERSION 52.0 or later, and it is 51.0",
            ),
            ("--upstream-url http://127.0.0.1 --port 80", "PORT is 80"),
            ("--upstream-url http://[::1]:7 --port 7", "PORT is 7"),
        ] {
            let flags: Vec<_> = flags.split(' ').collect();
            let error = config(&flags).unwrap().validate().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn settings_that_just_fit_are_taken() {
        for flags in [
            "--delivery-window 299s --delivery-timeout 5m",
            "--delivery-timeout 599s",
            "--delivery inline --salesforce-timeout 299s",
            "--delivery descriptor --salesforce-timeout 5m",
            "--body-limit 2KiB --max-in-flight-bytes 6KiB",
            "--max-in-flight-bytes 6KiB",
            "--header-limit 8MiB --max-in-flight-bytes 64MiB",
            "--duplicates save --salesforce-api-version 52.0",
            "--upstream-url http://localhost:9091",
            "--upstream-url http://transformer:9090",
        ] {
            let flags: Vec<_> = flags.split(' ').collect();
            let checked = config(&flags).unwrap().validate();
            assert!(checked.is_ok(), "{flags:?}: {checked:?}");
        }
    }

    #[test]
    fn a_body_limit_that_is_more_than_the_default_of_the_memory_names_the_default() {
        let error = config(&["--body-limit", "86MiB"]).unwrap().validate();
        let error = error.unwrap_err().to_string();
        let words = "MAX_IN_FLIGHT_BYTES (256.0 MiB, half of the memory)";
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn defaults_fit_into_whatever_the_process_may_use() {
        for (memory, files, (in_flight, body, connections)) in [
            (512 << 20, 1_024, (256 << 20, (256 << 20) / 3, 704)),
            (8 << 30, 65_536, (4 << 30, 256 << 20, 49_088)),
            (64 << 20, 65_536, (32 << 20, (32 << 20) / 3, 512)),
            (16 << 20, 0, (8 << 20, (8 << 20) / 3, 16)),
        ] {
            let mut config = config(&[]).unwrap();
            let process = ProcessLimits { memory, files };
            config.take(&[], process).unwrap();
            let serving = &config.serving;
            assert_eq!(serving.most_in_flight(), in_flight, "{process:?}");
            assert_eq!(serving.largest_body(), body, "{process:?}");
            assert_eq!(serving.most_connections(), connections, "{process:?}");
        }
    }

    #[test]
    fn connections_that_the_limit_of_open_files_does_not_leave_are_named_with_it() {
        let checked = |flag: &str| config(&["--max-connections", flag]).unwrap().validate();
        assert_eq!(checked("704").map_err(|error| error.to_string()), Ok(()));
        let error = checked("705").unwrap_err().to_string();
        let words = "MAX_CONNECTIONS (705) is more than the limit of open files (1024, ulimit -n) allows: set it to at most 704";
        assert!(error.starts_with(words), "{error}");
    }

    #[test]
    fn what_may_not_have_been_meant_is_warned_of_by_name() {
        for (flags, words) in [
            (
                "--inline-destinations d1",
                "INLINE_DESTINATIONS has no effect",
            ),
            (
                "--max-in-flight-bytes 257MiB",
                "MAX_IN_FLIGHT_BYTES (269484032 bytes) is more than half of this process's memory (536870912 bytes)",
            ),
            (
                "--shutdown-timeout 10s",
                "SHUTDOWN_TIMEOUT (10s) is shorter than SALESFORCE_TIMEOUT (30s)",
            ),
        ] {
            let flags: Vec<_> = flags.split(' ').collect();
            let warnings = config(&flags).unwrap().warnings();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains(words), "{warnings:?}");
        }
        assert_eq!(config(&[]).unwrap().warnings(), [""; 0]);
    }
}
