//! Upserts by external id, and those that go by lookup instead (rule `external-id`).

use super::{DeliveryOutcome, Failure, ProxyDelivery};
use crate::{
    json::Writer,
    salesforce::{
        Fault, Key, delivery::Write, fault::Disposition, headers::tells_creates_apart,
        operation::Operation,
    },
    transform::plan::Record,
};

impl ProxyDelivery<'_, '_> {
    /// Delivers an upsert.
    ///
    /// If it is refused for a reason that a lookup may resolve, or if the destination's policies depend on whether the record
    /// exists, which the descriptor may be older than, it goes by lookup: it becomes a create, and the record may have been
    /// written before. Creates of one record take turns, and so do those that upserts have become.
    pub(super) async fn upsert(
        &mut self,
        write: &mut Write<'_>,
        record: Record<'static>,
    ) -> DeliveryOutcome {
        let refused = if self.needs_record(&record) {
            None
        } else {
            let answered = match self.send(write).await {
                Ok(answered) => answered,
                Err(failure) => return self.outcome(Some(write), None, Some(failure)),
            };
            if !self.goes_by_lookup(write, &record, answered.fault.as_ref()) {
                return self.answered(write, answered);
            }
            Some(answered)
        };
        self.upserted = Some(record.clone());
        if let Some(key) = record.key() {
            self.create_instead(write, key);
        }
        let outcome = self.write_by_lookup(write, &record).await;
        match refused {
            Some(refused) if is_refused_lookup(&outcome) => self.answered(write, refused),
            Some(_) | None => outcome,
        }
    }

    /// Looks up the record of a former upsert, and updates or creates it.
    async fn write_by_lookup(
        &mut self,
        write: &mut Write<'_>,
        record: &Record<'static>,
    ) -> DeliveryOutcome {
        match self.creation(write) {
            Some(creation) => self.create(write, &creation, Some(record.clone())).await,
            None => self.run(write, Some(record)).await,
        }
    }

    /// Whether the destination's policies depend on whether the record exists.
    fn needs_record(&self, record: &Record<'_>) -> bool {
        let (policies, destination) = (&self.proxy.policies, &self.destination.id);
        let key = record.key();
        key.is_some_and(|key| tells_creates_apart(policies, destination, key.object()))
    }

    /// Whether a lookup may resolve the refusal of an upsert. The description that the refusal contradicts is not used any more.
    fn goes_by_lookup(
        &self,
        write: &Write<'_>,
        record: &Record<'_>,
        fault: Option<&Fault>,
    ) -> bool {
        let (Some(fault), Some(key)) = (fault, record.key()) else {
            return false;
        };
        let salesforce = &self.proxy.salesforce;
        salesforce.contradicted(write.org(), key.object(), fault);
        fault.is_about_an_external_id() || fault.is_about_a_stale_record()
    }

    /// Turns an upsert into a create, which has to contain the key. A body that is no object stays as it is, for Salesforce to
    /// refuse.
    fn create_instead(&self, write: &mut Write<'_>, key: &Key) {
        let body = write.json().and_then(|json| {
            let mut fields = json.root().as_members()?;
            fields.retain(|name, _| !name.eq_ignore_ascii_case(key.field()));
            let mut body = Writer::default();
            body.object(|body| {
                for (name, value) in fields.iter() {
                    body.name(name, "");
                    body.value(*value);
                }
                body.name(key.field(), "");
                key.write_value(body);
            });
            Some(body.into_text())
        });
        if let Some(body) = body {
            write.create(key.object(), body);
            self.add_headers(write);
        }
    }
}

/// The record that a write upserts.
pub(super) fn upserted(write: &Write<'_>) -> Option<Record<'static>> {
    let Operation::Upsert {
        object,
        field,
        value,
    } = write.operation()
    else {
        return None;
    };
    Key::text(object, field, value).ok().map(Record::Matching)
}

/// Whether the lookup was refused, as it would be again.
fn is_refused_lookup(outcome: &DeliveryOutcome) -> bool {
    matches!(&outcome.failure, Some(Failure::Lookup(fault)) if fault.disposition() == Disposition::Abort)
}
