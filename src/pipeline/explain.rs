//! Explains a batch: plans, looks up (or only says what it would look up) and resolves as [`Pipeline::run`] does, and writes
//! nothing. No create is remembered, and nothing is counted as handled.

mod case;
mod creates;
mod duplicates;
mod forecast;

use std::sync::Arc;

use self::{
    case::{Cases, found_by},
    forecast::Tally,
};
use super::{
    Pipeline, Planned, Writing, attempt,
    lookups::{Answers, Questions},
    planning::Planner,
};
use crate::{
    config::rules::Rules,
    json::Value,
    rudderstack::{Batch, Destination, Entry, Event},
    salesforce::{AuthError, Key, Session},
    server::memory::{Overloaded, Share},
    text::{is_blank, shortened},
    transform::{
        error::EventError,
        explanation::{
            CallsExplanation, DestinationExplanation, Explanation, Failure, Forecast,
            GateExplanation, KeyExplanation, RecordExplanation, VerdictExplanation,
        },
        gate,
        plan::{Plan, Record, email_path, named_positions},
    },
};

/// The explanations of a batch, and what it would cost.
pub(crate) struct Explained {
    /// One for each event, in order.
    pub(crate) explanations: Vec<Explanation>,
    /// What the batch would cost.
    pub(crate) forecast: Forecast,
}

/// What Salesforce is asked for an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Nothing.
    Nothing,
    /// What [`Pipeline::run`] would ask.
    Lookups,
    /// That, and what the org's duplicate rules would find for each new record, with a call for each.
    LookupsAndDuplicates,
}

/// The answer of an org, as far as it was asked.
pub(super) enum OrgView<'q> {
    /// It was asked.
    Asked(&'q super::lookups::OrgAnswer),
    /// It was not. The session may be known all the same.
    NotAsked(Result<Arc<Session>, Arc<AuthError>>),
}

/// After how many events others get their turn: a body may have so many events that explaining them takes seconds.
const EVENTS_OF_A_TURN: usize = 100;

impl Pipeline {
    /// Explains what would become of each event of a batch.
    ///
    /// # Errors
    /// [`Overloaded`] if there is not enough memory for the batch.
    pub(crate) async fn explain(
        &self,
        batch: &Batch<'_>,
        share: &Arc<Share>,
        asking: Asking,
    ) -> Result<Explained, Overloaded> {
        share.make(self.bounds.weight(batch))?;
        let mut planner = Planner::new(self, batch);
        let plans = batch.entries.iter().map(|entry| {
            let destination = planner.destination(entry).ok();
            (destination, planner.entry(entry))
        });
        let plans: Vec<_> = plans.collect();
        let lookups = planner.into_lookups();
        share.is_for(lookups.keys())?;
        let questions = lookups.questions();
        let answers = match asking {
            Asking::Nothing => None,
            Asking::Lookups | Asking::LookupsAndDuplicates => {
                Some(lookups.ask(&self.salesforce).await)
            }
        };
        if let Some(answers) = &answers {
            answers.balance(&self.salesforce);
        }
        let views = self.views(&questions, answers.as_ref()).await;
        let mut cases = Cases::new(self);
        let mut tally = Tally::new(questions.len());
        let mut explanations = Vec::with_capacity(plans.len());
        for (index, (entry, (destination, plan))) in batch.entries.iter().zip(plans).enumerate() {
            let mut explanation = self.begin(entry, destination.as_deref());
            match plan {
                Ok(Planned::Described(writing) | Planned::Delivered(writing)) => {
                    let org = writing.org.position();
                    let view = (&questions[org], &views[org]);
                    let places = (index, entry);
                    let counted = (&mut cases, &mut tally);
                    self.explain_writing(&mut explanation, places, &writing, view, counted);
                }
                Ok(Planned::Transformed(_)) => {}
                Err(error) => {
                    let error = error.at_attempt(attempt(batch.route, entry));
                    explanation.verdict =
                        VerdictExplanation::failed(error.status(), Failure::of(&error));
                }
            }
            share.make(explanation.weight())?;
            explanations.push(explanation);
            if explanations.len() % EVENTS_OF_A_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        let forecast = tally.forecast(self, &questions, &views, &explanations);
        let forecast = forecast.await;
        tally.share_out(&mut explanations);
        self.add_creates(&mut explanations, &tally, &views).await;
        if asking == Asking::LookupsAndDuplicates {
            for (index, org) in tally.events() {
                if let OrgView::Asked(org) = &views[org] {
                    self.add_duplicates(&mut explanations[index], org).await;
                }
            }
        }
        Ok(Explained {
            explanations,
            forecast,
        })
    }

    async fn views<'q>(
        &self,
        questions: &[Questions],
        answers: Option<&'q Answers>,
    ) -> Vec<OrgView<'q>> {
        let mut views = Vec::with_capacity(questions.len());
        for (index, org) in questions.iter().enumerate() {
            views.push(match answers {
                Some(answers) => OrgView::Asked(answers.at(index)),
                // A secret holds a session, for which nobody is asked.
                None if org.credentials.is_oauth() => {
                    OrgView::NotAsked(self.salesforce.session(&org.credentials).await)
                }
                None => OrgView::NotAsked(Ok(Arc::new(Session::unopened()))),
            });
        }
        views
    }

    /// The explanation of an event, before it is known what it writes.
    fn begin(&self, entry: &Entry<'_>, destination: Option<&Destination>) -> Explanation {
        let event = entry.event.as_ref().ok();
        let message = event.and_then(|event| event.message().get("messageId"));
        let message = message.and_then(Value::as_text_or_number);
        let message = message.filter(|id| !is_blank(id));
        let gate = event.zip(destination);
        Explanation {
            message_id: message.map(|id| shortened(&id)),
            line: None,
            destination: destination.map(DestinationExplanation::of),
            verdict: VerdictExplanation::SENT,
            gate: gate.and_then(|(event, destination)| gate_of(event, destination, &self.rules)),
            records: Vec::new(),
            calls: None,
        }
    }

    fn explain_writing(
        &self,
        explanation: &mut Explanation,
        (index, entry): (usize, &Entry<'_>),
        writing: &Writing<'_>,
        (questions, view): (&Questions, &OrgView<'_>),
        (cases, tally): (&mut Cases<'_>, &mut Tally),
    ) {
        let Ok(event) = &entry.event else { return };
        let (mut sent, mut error) = (0, None);
        for (place, record) in writing.plan.records.iter().enumerate() {
            let rule = writing.plan.rule(record);
            let (lookup, list, outcome) = cases.of(writing, record, rule, (questions, view));
            match outcome {
                Ok(write) => {
                    sent += 1;
                    tally.write(writing.org, (index, entry), write);
                }
                Err(EventError::Unchanged) => {}
                Err(failed) => error = error.or(Some((failed, Some(found_by(record))))),
            }
            let (object, because) = self.object(event, writing, record, place);
            explanation.records.push(RecordExplanation {
                rule,
                object,
                because,
                key: record.key().map(|key| self.key(event, &writing.plan, key)),
                lookup,
                cases: list,
            });
        }
        let nothing = (sent == 0).then_some((EventError::Unchanged, None));
        if let Some((error, rule)) = error.or(nothing) {
            let error = error.at_attempt(entry.attempt());
            let failure = Failure::of_record(&error, rule);
            explanation.verdict = VerdictExplanation::failed(error.status(), failure);
        }
        explanation.calls = Some(CallsExplanation {
            lookup: 0,
            lookup_shared_by: 0,
            write_descriptor: sent,
            write_inline: 0,
            write_inline_shared_by: 0,
        });
        tally.looked_up(writing, index);
    }

    /// The object of a record, and why it is this one.
    fn object(
        &self,
        event: &Event<'_>,
        writing: &Writing<'_>,
        record: &Record<'_>,
        place: usize,
    ) -> (String, String) {
        match record {
            Record::Named { object, .. } if writing.plan.traits.has_field_names => {
                let because =
                    "context.externalId[0] of the sync names the object, and the record by its Id";
                (object.clone().into_owned(), because.to_owned())
            }
            Record::Named { object, .. } => {
                let positions = named_positions(event, &self.rules);
                let at = positions.get(place).copied().unwrap_or_default();
                let because = format!("context.externalId[{at}] names it");
                (object.clone().into_owned(), because)
            }
            Record::Lead(_) => {
                let because =
                    "no entry of context.externalId names an object, so the event is for a lead";
                ("Lead".to_owned(), because.to_owned())
            }
            Record::Matching(key) => {
                let because = "context.externalId[0] of the sync names the object and the field that identifies the record";
                (key.object().to_owned(), because.to_owned())
            }
        }
    }

    fn key(&self, event: &Event<'_>, plan: &Plan<'_>, key: &Key) -> KeyExplanation {
        let from = if plan.traits.has_field_names {
            "context.externalId.0.id"
        } else {
            email_path(event, self.rules.email)
        };
        KeyExplanation {
            field: key.field().to_owned(),
            value: key.value().to_owned(),
            from: from.to_owned(),
            hash: (self.events.as_ref()).map(|_| format!("{:016x}", key.fingerprint())),
        }
    }
}

/// What decided whether an event is meant for a destination; `None` if it fails before the gate.
fn gate_of(event: &Event<'_>, destination: &Destination, rules: &Rules) -> Option<GateExplanation> {
    match gate::admit(event, destination, rules) {
        Ok(admitted) => Some(GateExplanation::open(admitted.grounds())),
        Err(EventError::GateClosed) => Some(GateExplanation::closed(event, destination)),
        Err(_) => None,
    }
}
