//! Determines the record to write from an event's plan and its lookup results: rules `lead-found` and `reverse-etl`.

use std::{borrow::Cow, fmt};

use crate::{
    config::{
        Duplicates, Policies, Preflight,
        rules::{Rules, SeveralRecords},
    },
    rudderstack::{Destination, DestinationName},
    salesforce::{Found, Key, Row, address::Address, headers::tells_creates_apart},
    transform::{choice::Choice, error::EventError, plan::Record},
};

/// A record to write to.
pub struct Target<'p> {
    /// The object's API name.
    pub object: Cow<'p, str>,
    /// How the write names the record.
    pub address: Address<'p>,
    /// The e-mail by which the record was looked up.
    pub email: Option<&'p str>,
    /// The field values that the lookup read.
    pub stored: Option<&'p Row>,
    /// Whether a duplicate rule found it. It may then differ in the key by which the event identifies its record.
    pub is_duplicate: bool,
    /// Why it is this record.
    pub choice: Choice,
}

/// Omits the ids, the e-mail and the object's name, because they come from an event.
impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("effect", &self.address.effect())
            .field("is_looked_up", &self.email.is_some())
            .finish_non_exhaustive()
    }
}

/// Identifies an existing record: its object in lower case, and the 15 characters that both forms of its id have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RecordId(String, String);

/// Omits the id, because it may come from an event.
impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<an id of {} bytes>", self.1.len())
    }
}

impl RecordId {
    /// The last three of an id's 18 characters are an optional checksum.
    #[must_use]
    pub fn new(object: &str, id: &str) -> Self {
        let stem = id.get(..15).filter(|_| id.len() == 18).unwrap_or(id);
        Self(object.to_ascii_lowercase(), stem.to_owned())
    }
}

impl Target<'_> {
    /// The record that is updated; `None` if one is created, or if only its external id is known.
    #[must_use]
    pub fn record(&self) -> Option<RecordId> {
        let id = self.address.id()?;
        Some(RecordId::new(&self.object, id))
    }
}

/// The record to update because a duplicate rule refused a create (rule `duplicate-rules`); `None` if the destination's
/// policy is not to update it, or if it is of another object. A contact may replace a lead.
pub(crate) fn of_duplicate<'p>(
    record: &Record<'_>,
    row: &'p Row,
    destination: &Destination,
    policies: &Policies,
) -> Option<Target<'p>> {
    let object = row.matched_as.as_deref()?;
    let is_wanted = match record {
        Record::Named { id: Some(_), .. } => false,
        Record::Named { object: named, .. } => named.eq_ignore_ascii_case(object),
        Record::Matching(key) => key.object().eq_ignore_ascii_case(object),
        Record::Lead(_) => object == "Lead" || (object == "Contact" && destination.use_contact_id),
    };
    let policy = policies.duplicates.of(&destination.id);
    (is_wanted && *policy == Duplicates::Update).then(|| Target {
        object: Cow::Borrowed(object),
        address: known(&row.id),
        email: None,
        stored: None,
        is_duplicate: true,
        choice: Choice::DuplicateRule,
    })
}

/// Determines which record to write. `duplicate` is the record that a duplicate rule found for an event without a key.
///
/// # Errors
/// [`EventError`] if the lookup failed or found a record that cannot be written.
pub(crate) fn settle<'p>(
    record: &'p Record<'_>,
    duplicate: Option<&'p Row>,
    found: &'p Found,
    destination: &Destination,
    (rules, policies): (&Rules, &Policies),
) -> Result<Target<'p>, EventError> {
    let duplicate = duplicate.or_else(|| found.duplicate(record.key()?));
    let target = duplicate.and_then(|row| of_duplicate(record, row, destination, policies));
    if let Some(target) = target {
        return Ok(target);
    }
    match record {
        Record::Named { object, id } => Ok(Target {
            object: Cow::Borrowed(object),
            address: id.as_deref().map_or(Address::New, known),
            email: None,
            stored: None,
            is_duplicate: false,
            choice: Choice::Named,
        }),
        Record::Lead(key) => lead(key, found, destination, rules),
        Record::Matching(key) if found.is_external_id(key) => Ok(Target {
            object: Cow::Borrowed(key.object()),
            address: Address::ExternalId(key),
            email: None,
            stored: None,
            is_duplicate: false,
            choice: Choice::ExternalId,
        }),
        Record::Matching(key) => {
            let rows = found.rows(key).map_err(EventError::Lookup)?;
            let stored = the_only(rows, destination, rules)?;
            Ok(Target {
                object: Cow::Borrowed(key.object()),
                address: stored.map_or(Address::New, |row| known(&row.id)),
                email: None,
                stored,
                is_duplicate: false,
                choice: Choice::of(rows),
            })
        }
    }
}

/// The address of an existing record.
fn known(id: &str) -> Address<'_> {
    Address::Id(Cow::Borrowed(id))
}

/// Whether a record has to be looked up even if its key is an external id (rule `external-id`): it could not be upserted by the
/// key, or the destination's policies depend on whether the record exists.
#[must_use]
pub(crate) fn needs_record(
    record: &Record<'_>,
    destination: &Destination,
    (rules, policies): (&Rules, &Policies),
) -> bool {
    match record {
        Record::Named { .. } | Record::Lead(_) => true,
        Record::Matching(key) => {
            !rules.upserts
                || !key.fits_into_path()
                || tells_creates_apart(policies, &destination.id, key.object())
        }
    }
}

/// The objects that have to be described before a record is written (rule `preflight`): that of the record, and that of the
/// contact that a lead may have been converted to.
pub(crate) fn objects_to_describe<'r>(
    record: &'r Record<'_>,
    destination: &Destination,
    policies: &Policies,
) -> impl Iterator<Item = &'r str> {
    let is_wanted = *policies.preflight.of(&destination.id) != Preflight::Off;
    let (object, contact) = match record {
        Record::Named { object, .. } => (object.as_ref(), None),
        Record::Lead(_) => ("Lead", destination.use_contact_id.then_some("Contact")),
        Record::Matching(key) => (key.object(), None),
    };
    let objects = std::iter::once(object).chain(contact);
    objects.filter(move |_| is_wanted)
}

fn lead<'p>(
    key: &'p Key,
    found: &'p Found,
    destination: &Destination,
    rules: &Rules,
) -> Result<Target<'p>, EventError> {
    let rows = found.rows(key).map_err(EventError::Lookup)?;
    let target = |object, id: Option<&'p str>, choice| Target {
        object: Cow::Borrowed(object),
        address: id.map_or(Address::New, known),
        email: Some(key.value()),
        stored: None,
        is_duplicate: false,
        choice,
    };
    let Some((lead, choice)) = the_lead(rows, destination, rules)? else {
        return Ok(target("Lead", None, Choice::NoneFound));
    };
    if lead.is_deleted {
        return Err(EventError::LeadDeleted {
            id: lead.id.clone(),
        });
    }
    if !(lead.is_converted && destination.use_contact_id) {
        return Ok(Target {
            stored: Some(lead),
            ..target("Lead", Some(&lead.id), choice)
        });
    }
    let contact = lead.converted_contact_id.as_deref();
    let contact = contact.ok_or_else(|| EventError::ConvertedWithoutContact {
        id: lead.id.clone(),
    })?;
    Ok(target("Contact", Some(contact), Choice::ContactOfConverted))
}

/// The lead to write, and why. A lead in the recycle bin counts only if there is no other.
fn the_lead<'r>(
    rows: &'r [Row],
    destination: &Destination,
    rules: &Rules,
) -> Result<Option<(&'r Row, Choice)>, EventError> {
    match rules.several_records {
        SeveralRecords::LastModified => {
            let live = rows.iter().filter(|row| !row.is_deleted);
            let deleted = || Some((rows.first()?, Choice::of(rows)));
            Ok(foremost(live, destination).or_else(deleted))
        }
        SeveralRecords::RefusedForOauth => {
            let lead = the_only(rows, destination, rules)?;
            Ok(lead.map(|lead| (lead, Choice::of(rows))))
        }
    }
}

/// The only record, or the first one if the rules allow that.
fn the_only<'r>(
    rows: &'r [Row],
    destination: &Destination,
    rules: &Rules,
) -> Result<Option<&'r Row>, EventError> {
    let first_counts = rules.several_records == SeveralRecords::RefusedForOauth
        && match destination.name {
            DestinationName::SalesforceOauth => false,
            DestinationName::Salesforce | DestinationName::SalesforceOauthSandbox => true,
        };
    match rows {
        [] | [_] => Ok(rows.first()),
        [first, ..] if first_counts => Ok(Some(first)),
        [_, ..] => Err(EventError::SeveralRecords { count: rows.len() }),
    }
}

/// The preferred lead, and why: one that is not converted, then one with a contact that can be written, then the one modified last.
/// Of several that were modified at the same time, the first counts, so that the choice is stable.
fn foremost<'r>(
    leads: impl Iterator<Item = &'r Row>,
    destination: &Destination,
) -> Option<(&'r Row, Choice)> {
    let rank = |lead: &'r Row| {
        let has_contact = destination.use_contact_id && lead.converted_contact_id.is_some();
        (!lead.is_converted, has_contact, &lead.last_modified_date)
    };
    leads.fold(None, |best, lead| {
        let Some((first, choice)) = best else {
            return Some((lead, Choice::Only));
        };
        let (ours, theirs) = (rank(lead), rank(first));
        let reason = Choice::between(&ours, &theirs);
        if ours > theirs {
            Some((lead, reason))
        } else {
            Some((first, reason.max(choice)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Config,
        config::Login,
        config::rules::{Compatibility, Placeholders},
        json::value,
    };

    /// The record to write by the documented rules, as `object/id`.
    fn documented(leads: &str, use_contact_id: bool) -> Result<String, String> {
        let login = Login {
            username: String::new(),
            password: "".into(),
            sandbox: false,
        };
        let destination = Destination {
            use_contact_id,
            ..Destination::own(login)
        };
        let rows = value(leads).as_array().unwrap().into_iter();
        let rows = rows
            .map(|row| Row::read(row.as_object().unwrap(), "email").unwrap())
            .collect();
        let key = Key::lead("a@b.c").unwrap();
        let found = Found::of(&key, rows);
        let record = Record::Lead(key);
        let rules = Rules::new(Compatibility::Documented, Placeholders::Always);
        let policies = Config::from_flags(["--port", "0"]).unwrap().policies();
        let target = settle(&record, None, &found, &destination, (&rules, &policies))
            .map_err(|error| error.to_string())?;
        Ok(format!(
            "{}/{}",
            target.object,
            target.address.id().unwrap_or_default()
        ))
    }

    #[test]
    fn an_open_lead_comes_first_then_a_converted_one_with_a_contact() {
        let lead = |id: &str, month: &str, rest: &str| {
            format!(
                r#"{{"Id":"{id}","Email":"a@b.c","LastModifiedDate":"2026-{month}-01T00:00:00.000+0000"{rest}}}"#
            )
        };
        let open = lead("open", "01", "");
        let with_contact = r#","IsConverted":true,"ConvertedContactId":"003""#;
        let converted = lead("converted", "02", with_contact);
        let without = lead("without", "03", r#","IsConverted":true"#);
        for (leads, use_contact_id, meant) in [
            ([&open, &converted, &without], false, "Lead/open"),
            ([&without, &converted, &open], true, "Lead/open"),
            ([&without, &converted, &converted], true, "Contact/003"),
            ([&converted, &without, &converted], true, "Contact/003"),
            ([&converted, &without, &converted], false, "Lead/without"),
        ] {
            let [one, two, three] = leads;
            let leads = format!("[{one},{two},{three}]");
            let settled = documented(&leads, use_contact_id).unwrap();
            assert_eq!(settled, meant, "{leads}");
        }
    }

    #[test]
    fn a_converted_lead_without_the_wanted_contact_is_an_error() {
        let without =
            r#"[{"Id":"1","Email":"a@b.c","IsConverted":true,"ConvertedContactId":null}]"#;
        assert!(
            documented(without, true)
                .unwrap_err()
                .contains("has no contact")
        );
    }

    #[test]
    fn a_deleted_lead_is_an_error_unless_there_is_another() {
        let deleted = r#"{"Id":"1","Email":"a@b.c","IsDeleted":true}"#;
        assert!(
            documented(&format!("[{deleted}]"), false)
                .unwrap_err()
                .contains("is deleted")
        );
        assert_eq!(
            documented(
                &format!(r#"[{deleted},{{"Id":"2","Email":"a@b.c"}}]"#),
                false
            )
            .unwrap(),
            "Lead/2"
        );
    }
}
