//! The calls of an org in the store that replicas share: what is asked of it, and what it answers.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use super::{
    exchange::{Heard, HeardReport, Position, Told, Verdict},
    header::ApiUsage,
    quota::Governor,
};
use crate::{
    config::Reserve,
    salesforce::session::Instance,
    shared_state::{Answer, Arg, Call, EntryKind, Reply, Script, SharedState},
};

/// Counts calls, keeps the latest report, and decides about a call.
static BUDGET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("budget.lua")));

/// The budgets of all orgs, as one replica uses them.
#[derive(Debug)]
pub(super) struct Budgets {
    pub(super) shared: SharedState,
    /// The name of this replica, which no other one has.
    replica: Arc<str>,
}

impl Budgets {
    pub(super) fn new(shared: SharedState) -> Self {
        Self {
            shared,
            replica: format!("{:032x}", fastrand::u128(..)).into(),
        }
    }

    /// The call that tells the store of an org's calls, and asks for one if `is_wanted`. `None` if no store is configured.
    pub(super) fn call(
        &self,
        org: &Instance,
        told: &Told,
        governor: Governor,
        is_wanted: bool,
    ) -> Option<Call> {
        let names = self.shared.names(org.as_str())?;
        let mut args: Vec<Arg> = vec![
            i64::from(is_wanted).into(),
            (&*self.replica).into(),
            told.in_flight.into(),
            governor.call_time.into(),
            told.epoch.into(),
            told.calls.into(),
            reserve(governor.reserve).into(),
            governor.probe_after.into(),
        ];
        if let Some(report) = told.report {
            args.extend([report.usage.used, report.usage.allowed].map(Arg::from));
            for position in [report.absolute, report.relative] {
                args.extend([position.number, position.included].map(Arg::from));
            }
            args.extend([report.age, report.call_age].map(Arg::from));
        }
        Some(Call {
            script: &BUDGET,
            keys: vec![names.entry(EntryKind::Budget, &[])],
            args,
        })
    }
}

/// The reserve as the script reads it.
fn reserve(reserve: Reserve) -> String {
    match reserve {
        Reserve::Off => String::new(),
        Reserve::Percent(percent) => format!("{percent}%"),
        Reserve::Calls(calls) => calls.to_string(),
    }
}

/// Reads what the store has answered; `None` if it keeps the calls in a format of another version.
pub(super) fn heard(reply: &Reply) -> Option<Heard> {
    let numbers: Option<Vec<i64>> = reply.answer().list().map(Answer::int).collect();
    let numbers = numbers?;
    let (&[verdict, detail, epoch, calls, others_in_flight, probed], report) =
        numbers.split_first_chunk()?;
    Some(Heard {
        verdict: match verdict {
            0 => Verdict::Unasked,
            1 => Verdict::Granted { included: detail },
            2 => Verdict::HeldBack {
                reserve: u64::try_from(detail).ok()?,
            },
            _ => return None,
        },
        epoch,
        calls,
        others_in_flight,
        probed: millis(probed),
        report: report.first_chunk().and_then(|report| stated(*report)),
    })
}

fn stated([used, allowed, number, included, age, call_age]: [i64; 6]) -> Option<HeardReport> {
    Some(HeardReport {
        usage: ApiUsage {
            used: u64::try_from(used).ok()?,
            allowed: u64::try_from(allowed).ok()?,
        },
        position: Position { number, included },
        age: millis(age)?,
        call_age: millis(call_age)?,
    })
}

fn millis(millis: i64) -> Option<Duration> {
    u64::try_from(millis).ok().map(Duration::from_millis)
}
