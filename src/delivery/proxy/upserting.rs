//! Upserts by external id that go by lookup instead (rule `external-id`).

use super::ProxyDelivery;
use crate::{
    json::Writer,
    salesforce::{Fault, Key, delivery::Write, operation::Operation},
    transform::plan::Record,
};

impl ProxyDelivery<'_, '_> {
    /// The record of an upsert that was refused for a reason that a lookup may resolve. If Salesforce says that the field is no
    /// external id, the description that says so is forgotten.
    pub(super) fn refused_upsert(
        &self,
        write: &Write<'_>,
        fault: Option<&Fault>,
    ) -> Option<Record<'static>> {
        let fault = fault?;
        let record = upserted(write)?;
        if fault.denies_external_id()
            && let Some(key) = record.key()
        {
            let salesforce = &self.proxy.salesforce;
            salesforce.forget_description(write.org(), key.object());
        }
        let by_lookup = fault.is_about_an_external_id() || fault.is_about_a_stale_record();
        by_lookup.then_some(record)
    }

    /// Turns an upsert into a create, which has to contain the key. `None` if its body is no object.
    pub(super) fn create_instead(&self, write: &mut Write<'_>, key: &Key) -> Option<()> {
        let json = write.json()?;
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
        drop(json);
        write.create(key.object(), body.into_text());
        self.add_headers(write);
        Some(())
    }
}

/// The record that a write upserts.
fn upserted(write: &Write<'_>) -> Option<Record<'static>> {
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
