//! Faults on demand: what can go wrong between a client and Salesforce, made to happen on the next call of a kind.

use axum::http::StatusCode;
use serde_json::json;

use super::{Call, Refusal, refusal::Answer};

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 503 `SERVER_UNAVAILABLE`; the call is not carried out.
    ServerUnavailable,
    /// 400 `UNABLE_TO_LOCK_ROW`: another transaction holds the record; the call is not carried out.
    RowLocked,
    /// No answer, ever; the call is not carried out. Only the client's time-out ends it.
    Hang,
    /// 200 with an HTML page, as a proxy or a maintenance page answers; the call is not carried out.
    Html,
    /// The call **is** carried out, and the connection breaks before the answer is sent: the case in which a client
    /// that tries once more creates twice. Needs a real connection: without one, the answer's body is an error.
    Dropped,
    /// The call is carried out, and the connection breaks after half of the answer's body.
    CutOff,
    /// The call is carried out, and the last of the records' results is missing from the answer.
    Short,
    /// The call is carried out, and its success is answered with this status and body; an empty body is none. A refusal is
    /// answered as it is: whoever is told that a refused write is done cannot know better.
    Says(u16, &'static str),
    /// 401 `INVALID_SESSION_ID` for this one call, which is not carried out.
    SessionInvalid,
    /// 403 `REQUEST_LIMIT_EXCEEDED`; the call is not carried out.
    LimitExceeded,
    /// This status with this error code; the call is not carried out.
    Refused(u16, &'static str),
}

/// How a call's answer reaches the client.
#[derive(Debug)]
pub(super) enum Delivery {
    Answer(Answer),
    Html,
    Dropped,
    Says(u16, &'static str),
    CutOff(Answer),
    Never,
}

/// The faults that still wait for their call.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Call, Fault)>);

impl Faults {
    /// Lets the next `times` calls of this kind fail.
    pub(super) fn arm(&mut self, call: Call, fault: Fault, times: usize) {
        self.0.extend(std::iter::repeat_n((call, fault), times));
    }

    /// Carries a call out, unless the oldest fault that waits for its kind prevents it.
    pub(super) fn deliver(&mut self, call: Call, carry_out: impl FnOnce() -> Answer) -> Delivery {
        match self.take(call) {
            None => Delivery::Answer(carry_out()),
            Some(Fault::ServerUnavailable) => Delivery::Answer(Refusal::ServerUnavailable.into()),
            Some(Fault::RowLocked) => Delivery::Answer(Refusal::RowLocked.into()),
            Some(Fault::SessionInvalid) => Delivery::Answer(Refusal::InvalidSession.into()),
            Some(Fault::LimitExceeded) => Delivery::Answer(Refusal::LimitExceeded.into()),
            Some(Fault::Refused(status, code)) => Delivery::Answer(refused(status, code)),
            Some(Fault::CutOff) => Delivery::CutOff(carry_out()),
            Some(Fault::Short) => Delivery::Answer(shortened(carry_out())),
            Some(Fault::Says(status, body)) => match carry_out() {
                done if done.status.is_success() => Delivery::Says(status, body),
                refusal => Delivery::Answer(refusal),
            },
            Some(Fault::Hang) => Delivery::Never,
            Some(Fault::Html) => Delivery::Html,
            Some(Fault::Dropped) => {
                carry_out();
                Delivery::Dropped
            }
        }
    }

    fn take(&mut self, call: Call) -> Option<Fault> {
        let position = self.0.iter().position(|(awaited, _)| *awaited == call)?;
        Some(self.0.remove(position).1)
    }
}

/// A refusal in the form that each of Salesforce's errors has.
fn refused(status: u16, code: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let error = json!({"message": "a fault on demand", "errorCode": code});
    Answer::new(status, json!([error]))
}

/// An answer whose first list of records' results lacks its last one.
fn shortened(mut answer: Answer) -> Answer {
    let results = answer.body.as_mut().and_then(|body| {
        if body.is_array() {
            return body.as_array_mut();
        }
        body.pointer_mut("/compositeResponse/0/body")?
            .as_array_mut()
    });
    if let Some(results) = results {
        results.pop();
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_waits_for_its_kind_of_call_and_strikes_as_often_as_told() {
        let mut faults = Faults::default();
        faults.arm(Call::Update, Fault::Hang, 2);
        assert_eq!(faults.take(Call::Query), None);
        assert_eq!(
            [(); 3].map(|()| faults.take(Call::Update)),
            [Some(Fault::Hang), Some(Fault::Hang), None]
        );
    }

    #[test]
    fn faults_strike_in_the_order_of_the_demand() {
        let mut faults = Faults::default();
        faults.arm(Call::Query, Fault::Html, 1);
        faults.arm(Call::Query, Fault::Hang, 1);
        assert_eq!(
            [(); 2].map(|()| faults.take(Call::Query)),
            [Some(Fault::Html), Some(Fault::Hang)]
        );
    }
}
