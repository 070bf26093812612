//! Why an event is for one record and not for another: rules `lead-found`, `reverse-etl`, `external-id` and `duplicate-rules`.

use crate::salesforce::Row;

/// Why it is this record. Of two reasons, the greater one distinguishes records that the smaller one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// The event names the record, or the object of a new one.
    Named,
    /// Salesforce finds the record by a unique external id, or creates it.
    ExternalId,
    /// The lookup has found no record.
    NoneFound,
    /// The lookup has found this record alone.
    Only,
    /// It is the only lead that is not converted.
    OpenBeforeConverted,
    /// Of the converted leads, it is the only one with a contact.
    WithContact,
    /// It was modified last.
    LastModified,
    /// Others were modified at the same time; it comes first in Salesforce's answer.
    FirstOfEqual,
    /// The rules take the first record of several.
    First,
    /// It is the contact to which the lead was converted (`useContactId`).
    ContactOfConverted,
    /// A duplicate rule of the org has found it (`DUPLICATES=update`).
    DuplicateRule,
}

impl Choice {
    /// Why the first of these records is chosen, if not because of what they contain.
    #[must_use]
    pub(super) fn of(rows: &[Row]) -> Self {
        match rows {
            [] => Self::NoneFound,
            [_] => Self::Only,
            [_, _, ..] => Self::First,
        }
    }

    /// Which part of two ranks of leads decides between them: whether they are open, whether they have a contact, when they
    /// were modified.
    #[must_use]
    pub(super) fn between<T: PartialEq>(one: &(bool, bool, T), other: &(bool, bool, T)) -> Self {
        if one.0 != other.0 {
            Self::OpenBeforeConverted
        } else if one.1 != other.1 {
            Self::WithContact
        } else if one.2 != other.2 {
            Self::LastModified
        } else {
            Self::FirstOfEqual
        }
    }

    /// The reason's name in explanations.
    #[must_use]
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::ExternalId => "external_id",
            Self::NoneFound => "none_found",
            Self::Only => "only_one",
            Self::OpenBeforeConverted => "open_before_converted",
            Self::WithContact => "with_contact",
            Self::LastModified => "last_modified",
            Self::FirstOfEqual => "first_of_equal",
            Self::First => "first",
            Self::ContactOfConverted => "contact_of_converted",
            Self::DuplicateRule => "duplicate_rule",
        }
    }

    /// The reason in words.
    #[must_use]
    pub(crate) fn because(self) -> &'static str {
        match self {
            Self::Named => "the event names it",
            Self::ExternalId => "Salesforce finds it by its unique external id, or creates it",
            Self::NoneFound => "no record was found, so one is created",
            Self::Only => "it is the only record that was found",
            Self::OpenBeforeConverted => "it is the only lead of several that is not converted",
            Self::WithContact => "of several converted leads, it is the only one with a contact",
            Self::LastModified => "of several leads, it was modified last",
            Self::FirstOfEqual => {
                "of several leads that were modified at the same time, it comes first"
            }
            Self::First => "it is the first of several records",
            Self::ContactOfConverted => "the lead was converted to this contact (useContactId)",
            Self::DuplicateRule => "a duplicate rule of the org has found it (DUPLICATES=update)",
        }
    }
}
