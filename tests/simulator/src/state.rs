//! The simulated org behind its lock, and the order in which a call is judged: session, limit, fault, the call itself.

use std::time::Duration;

use super::{
    Call, Calls, Refusal,
    fault::{Delivery, Faults},
    log::{Log, LoggedCall},
    oauth::Accounts,
    operation::{Operation, Request},
    org::Org,
    refusal::Answer,
};

/// Everything that the simulator remembers.
#[derive(Debug)]
pub(super) struct State {
    pub(super) org: Org,
    pub(super) accounts: Accounts,
    pub(super) calls: Calls,
    pub(super) log: Log,
    pub(super) faults: Faults,
    pub(super) daily_limit: u64,
    /// How long a call is on its way, there and back.
    pub(super) latency: Duration,
    pub(super) burst_limit: Option<u64>,
    /// What token answers name as the instance; `None`: the host that was asked.
    pub(super) instance_url: Option<String>,
    /// Whether every API call is refused.
    pub(super) api_disabled: bool,
}

/// An answer, and the usage that it reports.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) delivery: Delivery,
    /// The value of `Sforce-Limit-Info`; an answer to nobody known has none.
    pub(super) usage: Option<String>,
}

impl State {
    /// Answers a token request: `form` is its body, `asked` the base URL that it was sent to.
    pub(super) fn login(&mut self, form: &[u8], asked: &str) -> Served {
        self.calls.count(Call::Token);
        let instance_url = self.instance_url.as_deref().unwrap_or(asked);
        let delivery = self.faults.deliver(Call::Token, || {
            self.accounts.login(form, asked, instance_url)
        });
        Served {
            delivery,
            usage: None,
        }
    }

    /// Answers an API call; `token` is its bearer token.
    pub(super) fn serve(&mut self, token: Option<&str>, request: &Request<'_>) -> Served {
        let user = match self.admit(token) {
            Ok(user) => user,
            Err(refusal) => {
                self.calls.refused += 1;
                let delivery = Delivery::Answer(refusal.into());
                self.log.note(LoggedCall::of(request, None), &delivery);
                return Served {
                    delivery,
                    usage: None,
                };
            }
        };
        let delivery = if self.calls.total_api() >= self.daily_limit {
            self.calls.refused += 1;
            Delivery::Answer(Refusal::LimitExceeded.into())
        } else {
            self.carry_out(&user, request)
        };
        let mut call = LoggedCall::of(request, Some(&user));
        call.parts = std::mem::take(&mut self.org.logged_parts);
        self.log.note(call, &delivery);
        let mut usage = format!("api-usage={}/{}", self.calls.total_api(), self.daily_limit);
        if let Some(limit) = self.burst_limit {
            usage = format!("{usage}; api-bursts=1/{limit}");
        }
        Served {
            delivery,
            usage: Some(usage),
        }
    }

    /// The id of the user whose call it is, if it may come in.
    fn admit(&self, token: Option<&str>) -> Result<String, Refusal> {
        let user = token.and_then(|token| self.accounts.session_user(token));
        let user = user.ok_or(Refusal::InvalidSession)?;
        if self.api_disabled {
            return Err(Refusal::ApiDisabled);
        }
        Ok(user.to_owned())
    }

    fn carry_out(&mut self, user: &str, request: &Request<'_>) -> Delivery {
        let operation = Operation::of(request);
        let call = operation.as_ref().map_or(Call::Other, Operation::call);
        self.calls.count(call);
        self.faults.deliver(call, || {
            let answer =
                operation.and_then(|operation| operation.perform(&mut self.org, user, request));
            answer.unwrap_or_else(Answer::from)
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;
    use crate::{Fault, Simulator};

    fn serve(org: &Simulator, token: Option<&str>) -> (u16, Option<String>) {
        let query = Request {
            method: "GET",
            path: "/services/data/v50.0/query",
            query: Some("q=SELECT+Id+FROM+Lead"),
            headers: &HeaderMap::new(),
            body: b"",
        };
        let served = org.state().serve(token, &query);
        match served.delivery {
            Delivery::Answer(answer) => (answer.status.as_u16(), served.usage),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_valid_session_nothing_is_answered_counted_or_told() {
        let org = Simulator::builder().build();
        let expired = org.session();
        org.expire_sessions();
        for token in [None, Some("unknown"), Some(expired.as_str())] {
            assert_eq!(serve(&org, token), (401, None));
        }
        assert_eq!((org.calls().refused, org.calls().total_api()), (3, 0));
    }

    #[test]
    fn past_the_daily_limit_calls_are_refused_until_it_is_raised() {
        let org = Simulator::builder().daily_limit(1).build();
        let token = org.session();
        assert_eq!(
            serve(&org, Some(&token)),
            (200, Some("api-usage=1/1".into()))
        );
        assert_eq!(
            serve(&org, Some(&token)),
            (403, Some("api-usage=1/1".into()))
        );
        org.set_daily_limit(2);
        assert_eq!(
            serve(&org, Some(&token)),
            (200, Some("api-usage=2/2".into()))
        );
        assert_eq!((org.calls().refused, org.calls().query), (1, 2));
    }

    #[test]
    fn a_fault_waits_until_the_session_and_the_limit_have_let_its_call_in() {
        let org = Simulator::builder().build();
        org.fail_next(Call::Query, Fault::ServerUnavailable, 1);
        assert_eq!(serve(&org, None).0, 401);
        let token = org.session();
        assert_eq!([(); 2].map(|()| serve(&org, Some(&token)).0), [503, 200]);
    }
}
