//! The reason of each difference between an event's traits and what is sent for them.

use super::Reason;
use crate::transform::change::{Change, Fit};

impl From<&Change<'_>> for Reason {
    fn from(change: &Change<'_>) -> Self {
        match change {
            Change::Structure { .. } => Self::Structure,
            Change::SystemField(_) => Self::SystemField,
            Change::MissingField(_) => Self::MissingField,
            Change::NoFieldName { .. } => Self::FieldName,
            Change::NotObject(_) => Self::NotObject,
            Change::NotName(_) => Self::NotName,
            Change::NoField { .. } => Self::NoField,
            Change::OfLead(_) => Self::LeadOnly,
            Change::ComesAfter { .. } => Self::ComesAfter,
            Change::MiddleOfName => Self::MiddleOfName,
            Change::SameField(_) => Self::SameField,
            Change::OwnId(_) => Self::OwnId,
            Change::Field { fit, .. } => fit.into(),
        }
    }
}

impl From<&Fit> for Reason {
    fn from(fit: &Fit) -> Self {
        match fit {
            Fit::OtherCase(_) => Self::OtherCase,
            Fit::StandardField(_) => Self::StandardField,
            Fit::UnknownField { .. } => Self::UnknownField,
            Fit::FieldName { .. } => Self::FieldName,
            Fit::NotCreateable => Self::NotCreateable,
            Fit::NotUpdateable => Self::NotUpdateable,
            Fit::SameField => Self::SameField,
            Fit::Structure => Self::Structure,
            Fit::Cut(_) | Fit::TooLong(_) => Self::TooLong,
            Fit::NotAnEmail => Self::NotAnEmail,
            Fit::NotANumber => Self::NotANumber,
            Fit::OutOfRange => Self::OutOfRange,
            Fit::NotABoolean => Self::NotABoolean,
            Fit::NotADate => Self::NotADate,
            Fit::Converted { .. } => Self::Converted,
            Fit::NotInPicklist | Fit::PartlyInPicklist => Self::NotInPicklist,
            Fit::PicklistSpelling => Self::PicklistSpelling,
            Fit::OtherPlaceField(_)
            | Fit::UnknownPlace
            | Fit::PlaceContradiction
            | Fit::StateWithoutCountry
            | Fit::StateOfOtherCountry => Self::StateCountry,
            Fit::NotAnId => Self::NotAnId,
            Fit::OtherObject(_) => Self::OtherObject,
            Fit::RequiredMissing => Self::RequiredMissing,
            Fit::RefusedBySalesforce => Self::RefusedBySalesforce,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_of_a_change_is_that_of_its_reason() {
        for change in [
            Change::SystemField("Id"),
            Change::MissingField("Title"),
            Change::NotObject("company"),
            Change::NotName("name"),
            Change::OfLead("industry".into()),
            Change::MiddleOfName,
            Change::OwnId("Id".into()),
        ] {
            assert_eq!(Reason::from(&change).label(), change.reason());
        }
        for fit in [
            Fit::OtherCase("a".into()),
            Fit::StandardField("a".into()),
            Fit::UnknownField { nearest: None },
            Fit::FieldName { nearest: None },
            Fit::NotCreateable,
            Fit::NotUpdateable,
            Fit::SameField,
            Fit::Structure,
            Fit::Cut(1),
            Fit::TooLong(1),
            Fit::NotAnEmail,
            Fit::NotANumber,
            Fit::OutOfRange,
            Fit::NotABoolean,
            Fit::NotADate,
            Fit::NotInPicklist,
            Fit::PartlyInPicklist,
            Fit::PicklistSpelling,
            Fit::OtherPlaceField("a".into()),
            Fit::UnknownPlace,
            Fit::PlaceContradiction,
            Fit::StateWithoutCountry,
            Fit::StateOfOtherCountry,
            Fit::NotAnId,
            Fit::OtherObject("Lead"),
            Fit::RequiredMissing,
            Fit::RefusedBySalesforce,
        ] {
            assert_eq!(Reason::from(&fit).label(), fit.reason());
        }
    }
}
