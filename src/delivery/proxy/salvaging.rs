//! Sends a write again that Salesforce has refused because of single fields, without these fields (rule `salvage`).

use std::{sync::Arc, time::Instant};

use super::{Failure, ProxyDelivery, creating::MARGIN};
use crate::{
    delivery::salvage::{MAX_SALVAGES, RefusedRecord},
    json::{Value, Writer},
    rudderstack::delivery_request::{Origin, ProxyJob},
    salesforce::{
        Fault,
        address::Effect,
        delivery::{Answered, Write},
        fault::RefusedField,
        operation::Operation,
    },
    transform::{
        change::{Change, Fit},
        field_name::FieldName,
        noted::NotedChange,
        plan::Record,
    },
};

/// The field by which the record of a write is found.
enum KeyField {
    /// This field, or none.
    Known(Option<String>),
    /// Any field may be the one.
    Unknown,
}

impl ProxyDelivery<'_, '_> {
    /// Sends a write. If Salesforce refuses it because of fields that can be left out, sends it again without them.
    pub(super) async fn send(&mut self, write: &mut Write<'_>) -> Result<Answered, Failure> {
        self.leave_out(write);
        loop {
            let answered = self.send_once(write).await?;
            let refused = answered
                .fault
                .as_ref()
                .and_then(|fault| self.refused(write, fault));
            let Some(refused) = refused else {
                return Ok(answered);
            };
            self.learn(write, &refused).await;
            self.leave_out(write);
            // Whoever waits for this delivery must not have gone before it ends.
            let ends = self.waits_until + MARGIN;
            let left = ends.saturating_duration_since(Instant::now());
            self.timeout = self.timeout.min(left.max(MARGIN));
        }
    }

    /// The fields without which a refused write is sent again. Returns `None` if the refusal stands.
    fn refused(&self, write: &Write<'_>, fault: &Fault) -> Option<Vec<RefusedField>> {
        let is_wanted = *self.proxy.policies.salvage.of(&self.destination.id);
        let is_in_time = Instant::now() < self.waits_until;
        if !is_wanted || !is_in_time || self.salvage.times >= MAX_SALVAGES {
            return None;
        }
        let (object, _) = written(write.operation())?;
        let KeyField::Known(key) = self.key_field(write.operation()) else {
            return None;
        };
        let description = write.session().and_then(|session| {
            let salesforce = &self.proxy.salesforce;
            let user = salesforce.creator(self.credentials.as_ref(), &session);
            salesforce.known_description(&user, object)
        });
        let json = write.json()?;
        let record = RefusedRecord {
            sent: json.root().as_object()?,
            key: key.as_deref(),
            description: description.as_deref(),
        };
        record.left_out(fault)
    }

    /// The field by which the record of a write is found. The request of an event that was not routed just now does not show it, and a
    /// record that is created without its key would be created again for each later event.
    fn key_field(&self, operation: &Operation) -> KeyField {
        let of_lead = |object: &str| {
            object
                .eq_ignore_ascii_case("Lead")
                .then(|| "Email".to_owned())
        };
        let is_noted = self.proxy.rules.notes_lookups;
        let is_known = |job: &ProxyJob<'_>| matches!(job.origin, Origin::Routed { .. }) && is_noted;
        if let Some(key) = self.upserted.as_ref().and_then(Record::key) {
            return KeyField::Known(Some(key.field().to_owned()));
        }
        match operation {
            Operation::Upsert { field, .. } => KeyField::Known(Some(field.clone())),
            Operation::Update { object, .. } => KeyField::Known(of_lead(object)),
            Operation::Create { .. } if !self.request.jobs.iter().all(is_known) => {
                KeyField::Unknown
            }
            Operation::Create { object } => {
                let mut keys = self.request.jobs.iter().filter_map(|job| job.key);
                let noted = keys.next().and_then(|(field, _)| Value::as_text(field));
                KeyField::Known(noted.map_or_else(|| of_lead(object), |key| Some(key.into_owned())))
            }
            Operation::Delete | Operation::Collection | Operation::Composite | Operation::Other => {
                KeyField::Unknown
            }
        }
    }

    /// Notes what a refusal shows about the write, and about the org.
    async fn learn(&mut self, write: &Write<'_>, refused: &[RefusedField]) {
        let Some((object, effect)) = written(write.operation()) else {
            return;
        };
        self.salvage.times += 1;
        let left_out = Arc::make_mut(&mut self.salvage.refused);
        for field in refused {
            left_out.add(object, &field.name);
        }
        let Some(session) = write.session().map(Arc::new) else {
            return;
        };
        let salesforce = &self.proxy.salesforce;
        let user = salesforce.creator(self.credentials.as_ref(), &session);
        for field in refused.iter().filter(|field| field.with_any_value) {
            salesforce
                .refuses_field(&user, &session, (object, effect), &field.name)
                .await;
        }
    }

    /// Leaves out of a write what Salesforce has refused in its object, and notes it.
    fn leave_out(&mut self, write: &mut Write<'_>) {
        let Some((object, _)) = written(write.operation()).filter(|_| self.salvage.times > 0)
        else {
            return;
        };
        let json = write.json();
        let Some(fields) = json.as_ref().and_then(|json| json.root().as_members()) else {
            return;
        };
        let mut body = Writer::default();
        body.object(|body| {
            for (name, value) in fields.iter() {
                if self.salvage.refused.contains(object, name) {
                    let name = FieldName::of_org(name);
                    let change = Change::of_field(&name, Fit::RefusedBySalesforce);
                    let change = NotedChange::from(&change);
                    self.changes.push(change);
                } else {
                    body.name(name, "");
                    body.value(*value);
                }
            }
        });
        drop(fields);
        drop(json);
        write.set_fields(body.into_text());
    }
}

/// The object of the one record that is written, and what the write does.
fn written(operation: &Operation) -> Option<(&str, Effect)> {
    match operation {
        Operation::Create { object } => Some((object, Effect::Create)),
        Operation::Update { object, .. } => Some((object, Effect::Update)),
        Operation::Upsert { object, .. } => Some((object, Effect::Upsert)),
        Operation::Delete | Operation::Collection | Operation::Composite | Operation::Other => None,
    }
}
