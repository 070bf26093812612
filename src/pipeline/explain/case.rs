//! What is written to a record: by the org's answer, or in each case that its answer may bring about.

use std::sync::Arc;

use super::{
    super::{Pipeline, Writing, lookups::Questions},
    OrgView,
};
use crate::{
    config::Policies,
    delivery::ForecastWrite,
    json::Writer,
    salesforce::{
        Asked, Found, Session, Spares, Supposition, Wanted, address::Effect, headers::WriteHeaders,
    },
    transform::{
        descriptor::Descriptor,
        error::EventError,
        explanation::{
            CaseExplanation, Failure, LookupExplanation, Preflighted, RequestExplanation, Watch,
            fates, policies,
        },
        plan::Record,
        rule::Rule,
        target::needs_record,
        unchanged::Unchanged,
    },
};

/// Explains the records of a batch in order.
pub(super) struct Cases<'p> {
    pipeline: &'p Pipeline,
    /// What earlier events of the batch write (`SKIP_UNCHANGED`).
    unchanged: Option<Unchanged>,
}

/// The explanation of a record: how it is found, what is written, and the write that is forecast.
type ExplainedRecord = (
    Option<LookupExplanation>,
    Vec<CaseExplanation>,
    Result<ForecastWrite, EventError>,
);

impl<'p> Cases<'p> {
    pub(super) fn new(pipeline: &'p Pipeline) -> Self {
        Self {
            pipeline,
            unchanged: pipeline.skip_unchanged.then(Unchanged::default),
        }
    }

    /// Explains what an event writes to one of its records.
    pub(super) fn of(
        &mut self,
        writing: &Writing<'_>,
        record: &Record<'_>,
        rule: Rule,
        (questions, view): (&Questions, &OrgView<'_>),
    ) -> ExplainedRecord {
        match view {
            OrgView::Asked(org) => {
                let asked = match org.asked() {
                    Ok(asked) => asked,
                    Err(error) => return (None, vec![failed(&error)], Err(error)),
                };
                let lookup = self.lookup(writing, record, questions, Some(asked));
                let (case, write) =
                    self.case(writing, record, rule, (asked, org.spares.as_ref()), None);
                (lookup, vec![case], write)
            }
            OrgView::NotAsked(session) => {
                let session = match session {
                    Ok(session) => session,
                    Err(error) => {
                        let error = EventError::Authorisation(Arc::clone(error));
                        return (None, vec![failed(&error)], Err(error));
                    }
                };
                self.supposed(writing, record, rule, (questions, session))
            }
        }
    }

    /// The cases that may come about. The forecast goes by the first.
    fn supposed(
        &mut self,
        writing: &Writing<'_>,
        record: &Record<'_>,
        rule: Rule,
        (questions, session): (&Questions, &Arc<Session>),
    ) -> ExplainedRecord {
        let lookup = self.lookup(writing, record, questions, None);
        let mut list = Vec::new();
        let mut first = None;
        for (supposing, found) in self.suppositions(writing, record) {
            let asked = Asked {
                session: Arc::clone(session),
                found,
                looked_up: Vec::new(),
            };
            let (case, write) = self.case(writing, record, rule, (&asked, None), supposing);
            list.push(case);
            first.get_or_insert(write);
        }
        (lookup, list, first.unwrap_or(Err(EventError::Unchanged)))
    }

    fn suppositions(
        &self,
        writing: &Writing<'_>,
        record: &Record<'_>,
    ) -> Vec<(Option<&'static str>, Found)> {
        let Some(key) = record.key() else {
            return vec![(None, Found::default())];
        };
        let rules = (&self.pipeline.rules, &*self.pipeline.policies);
        let may_upsert = !self.pipeline.skip_unchanged
            && !needs_record(record, &writing.destination, rules)
            && self.pipeline.salesforce.upserts_collections();
        let mut suppositions = vec![
            ("no record is found", Supposition::None),
            ("one record is found", Supposition::One),
        ];
        if may_upsert {
            suppositions.push((
                "the org describes the field as a unique external id",
                Supposition::ExternalId,
            ));
        }
        let found = |(text, supposition)| (Some(text), Found::supposing(key, supposition));
        suppositions.into_iter().map(found).collect()
    }

    fn case(
        &mut self,
        writing: &Writing<'_>,
        record: &Record<'_>,
        rule: Rule,
        (asked, spares): (&Asked, Option<&Spares>),
        supposing: Option<&'static str>,
    ) -> (CaseExplanation, Result<ForecastWrite, EventError>) {
        let mut watch = Watch::new(rule);
        let unchanged = self.unchanged.as_mut();
        let asked_for = (asked, spares);
        let request = self
            .pipeline
            .request(writing, record, asked_for, unchanged, &mut watch);
        let effect = watch.effect;
        let preflighted = |object: &str| match (supposing, asked.found.description(object)) {
            (_, Some(_)) => Preflighted::Yes,
            (None, None) if spares.is_some() => Preflighted::Unknown,
            (Some(_) | None, None) => Preflighted::NotAsked,
        };
        let policies = match (&watch.target, effect, &request) {
            (Some(target), Some(effect), Ok(request)) => {
                let headers: Vec<_> = request.own_headers().collect();
                policies(
                    (&self.pipeline.rules, &*self.pipeline.policies),
                    &writing.destination.id,
                    record,
                    (&target.object, effect),
                    &headers,
                    (preflighted(&target.object), spares.is_some()),
                )
            }
            _ => Vec::new(),
        };
        let case = CaseExplanation {
            supposing,
            target: watch.target.clone(),
            traits: fates(&writing.plan.traits, &watch),
            request: request.as_ref().ok().map(RequestExplanation::of),
            policies,
            failure: request
                .as_ref()
                .err()
                .map(|error| Failure::of_record(error, Some(found_by(record)))),
        };
        let write = request
            .map(|request| forecast(&self.pipeline.policies, writing, record, &watch, &request));
        (case, write)
    }

    /// How a record is found.
    fn lookup(
        &self,
        writing: &Writing<'_>,
        record: &Record<'_>,
        questions: &Questions,
        asked: Option<&Asked>,
    ) -> Option<LookupExplanation> {
        let key = record.key()?;
        let by_email = matches!(record, Record::Lead(_));
        if asked.is_some_and(|asked| asked.found.is_external_id(key)) {
            return Some(LookupExplanation {
                rule: Rule::ExternalId,
                soql: None,
                found: None,
                because: format!(
                    "the org describes {} as a unique external id, so nothing is looked up",
                    key.field()
                ),
            });
        }
        let soql = questions
            .of(key)
            .and_then(|wanted| self.question(wanted, asked));
        let rules = (&self.pipeline.rules, &*self.pipeline.policies);
        let because = if by_email {
            "a lead is found by its e-mail"
        } else if !self.pipeline.rules.upserts {
            "COMPATIBILITY=stock looks every identifier up"
        } else if needs_record(record, &writing.destination, rules) {
            "it depends on whether the record exists what is sent"
        } else if self.pipeline.skip_unchanged {
            "SKIP_UNCHANGED compares the values with those of the record"
        } else if asked.is_some() {
            "the org does not describe the field as a unique external id"
        } else {
            "the record is looked up unless the org describes the field as a unique external id"
        };
        Some(LookupExplanation {
            rule: found_by(record),
            soql,
            found: asked.and_then(|asked| Some(asked.found.rows(key).ok()?.len())),
            because: because.to_owned(),
        })
    }

    fn question(&self, wanted: &Wanted, asked: Option<&Asked>) -> Option<String> {
        let unopened = Session::unopened();
        let org = asked.map_or(&unopened, |asked| &asked.session).instance();
        self.pipeline.salesforce.question(org, wanted)
    }
}

/// The rule by which a record is found.
pub(super) fn found_by(record: &Record<'_>) -> Rule {
    match record {
        Record::Lead(_) => Rule::LeadFound,
        Record::Named { .. } => Rule::NamedObject,
        Record::Matching(_) => Rule::ReverseEtl,
    }
}

/// A record about which nothing is known, because the org does not let anybody in.
fn failed(error: &EventError) -> CaseExplanation {
    CaseExplanation {
        supposing: None,
        target: None,
        traits: Vec::new(),
        request: None,
        policies: Vec::new(),
        failure: Some(Failure::of(error)),
    }
}

/// The write of a request, for the forecast.
fn forecast(
    policies: &Policies,
    writing: &Writing<'_>,
    record: &Record<'_>,
    watch: &Watch<'_>,
    request: &Descriptor<'_>,
) -> ForecastWrite {
    let (object, id) = match &watch.target {
        Some(target) => (target.object.clone(), target.id.clone()),
        None => (String::new(), None),
    };
    let effect = watch.effect.unwrap_or(Effect::Update);
    let mut members = Writer::default();
    request.fields.write_members(&mut members, |_| true);
    ForecastWrite {
        user: None,
        event: 0,
        headers: WriteHeaders::of(policies, &writing.destination.id, &object, effect),
        policies: policies.of_fields(&writing.destination.id),
        object,
        id,
        key: record.key().cloned(),
        is_upsert: effect == Effect::Upsert,
        has_field_names: writing.plan.traits.has_field_names,
        members: members.into_text(),
    }
}
