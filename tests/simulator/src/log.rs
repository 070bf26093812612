//! The calls one by one: who asked for what, with which headers, and how it ended.

use std::collections::VecDeque;

use axum::http::StatusCode;

use super::{
    caller::{self, AUTO_ASSIGN, CALL_OPTIONS, DUPLICATE_RULE},
    fault::Delivery,
    operation::Request,
};

/// How many calls are kept; of more, the oldest are forgotten.
const KEPT: usize = 20_000;

/// An API call, or a part of a Composite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedCall {
    /// The method as it was sent.
    pub method: String,
    /// The path, without what stands behind the `?`.
    pub path: String,
    /// The id of the user whose session it was; `None` for a call without a valid session.
    pub user: Option<String>,
    /// The value of `Sforce-Call-Options`, which names the app.
    pub call_options: Option<String>,
    /// The value of `Sforce-Auto-Assign`.
    pub auto_assign: Option<String>,
    /// The value of `Sforce-Duplicate-Rule-Header`.
    pub duplicate_rule: Option<String>,
    /// The status of the answer; `None` where a fault kept it from the client.
    pub status: Option<u16>,
    /// The parts of a Composite in their order, each with the headers that the part itself names.
    pub parts: Vec<LoggedCall>,
}

impl LoggedCall {
    /// A call that has not been answered yet.
    pub(super) fn of(request: &Request<'_>, user: Option<&str>) -> Self {
        let header = |name| caller::text(request.headers, name).map(str::to_owned);
        Self {
            method: request.method.into(),
            path: request.path.into(),
            user: user.map(str::to_owned),
            call_options: header(CALL_OPTIONS),
            auto_assign: header(AUTO_ASSIGN),
            duplicate_rule: header(DUPLICATE_RULE),
            status: None,
            parts: Vec::new(),
        }
    }

    /// The call with the status of its answer.
    pub(super) fn answered(self, status: StatusCode) -> Self {
        Self {
            status: Some(status.as_u16()),
            ..self
        }
    }
}

/// The latest calls.
#[derive(Debug, Default)]
pub(super) struct Log(VecDeque<LoggedCall>);

impl Log {
    /// Notes a call and how its answer goes out.
    pub(super) fn note(&mut self, call: LoggedCall, delivery: &Delivery) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        let status = match delivery {
            Delivery::Answer(answer) | Delivery::CutOff(answer) => Some(answer.status.as_u16()),
            Delivery::Says(status, _) => Some(*status),
            Delivery::Html => Some(StatusCode::OK.as_u16()),
            Delivery::Dropped | Delivery::Never => None,
        };
        self.0.push_back(LoggedCall { status, ..call });
    }

    /// The calls that are kept, oldest first.
    pub(super) fn calls(&self) -> Vec<LoggedCall> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    #[test]
    fn the_oldest_calls_are_forgotten() {
        let headers = HeaderMap::new();
        let mut log = Log::default();
        for number in 0..=KEPT {
            let path = format!("/{number}");
            let request = Request {
                method: "GET",
                path: &path,
                query: None,
                headers: &headers,
                body: b"",
            };
            log.note(LoggedCall::of(&request, None), &Delivery::Html);
        }
        let calls = log.calls();
        assert_eq!((calls.len(), calls[0].path.as_str()), (KEPT, "/1"));
    }
}
