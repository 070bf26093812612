//! The status, the error code and the fields of each refusal.

use axum::http::StatusCode;

use super::Refusal;

impl Refusal {
    /// The HTTP status and the `errorCode`.
    #[must_use]
    pub fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidSession => (StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID"),
            Self::LimitExceeded => (StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED"),
            Self::ApiDisabled => (StatusCode::FORBIDDEN, "API_DISABLED_FOR_ORG"),
            Self::NoAccess => (StatusCode::FORBIDDEN, "INSUFFICIENT_ACCESS_OR_READONLY"),
            Self::ServerUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "SERVER_UNAVAILABLE"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::NotFound | Self::NoExternalId(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::EntityIsDeleted => (StatusCode::NOT_FOUND, "ENTITY_IS_DELETED"),
            Self::RowLocked => (StatusCode::BAD_REQUEST, "UNABLE_TO_LOCK_ROW"),
            Self::ApexLimit => (
                StatusCode::BAD_REQUEST,
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            ),
            Self::DuplicateValue { .. } | Self::DuplicateId(_) | Self::DuplicateKey(_) => {
                (StatusCode::BAD_REQUEST, "DUPLICATE_VALUE")
            }
            Self::DuplicatesDetected(_) => (StatusCode::BAD_REQUEST, "DUPLICATES_DETECTED"),
            Self::NoSuchRecord | Self::NoSuchParent { .. } => {
                (StatusCode::BAD_REQUEST, "INVALID_CROSS_REFERENCE_KEY")
            }
            Self::ReferenceOfOtherType { .. }
            | Self::NoSuchCountry(_)
            | Self::NoSuchState(_)
            | Self::StateOfOtherCountry(_)
            | Self::StateWithoutCountry(_) => {
                (StatusCode::BAD_REQUEST, "FIELD_INTEGRITY_EXCEPTION")
            }
            Self::ValidationRule { .. } => {
                (StatusCode::BAD_REQUEST, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
            }
            Self::OutsideRange { .. } => (StatusCode::BAD_REQUEST, "NUMBER_OUTSIDE_VALID_RANGE"),
            Self::NotInPicklist { .. } => (
                StatusCode::BAD_REQUEST,
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            ),
            Self::MultipleChoices(_) => (StatusCode::MULTIPLE_CHOICES, "MULTIPLE_CHOICES"),
            Self::SeveralMatches { .. } => (StatusCode::BAD_REQUEST, "DUPLICATE_EXTERNAL_ID"),
            Self::KeyMissing(_) => (StatusCode::BAD_REQUEST, "MISSING_ARGUMENT"),
            Self::TooManyRecords => (StatusCode::BAD_REQUEST, "EXCEEDED_ID_LIMIT"),
            Self::Composite(_) | Self::OtherType(_) => (StatusCode::BAD_REQUEST, "INVALID_INPUT"),
            Self::MalformedId(_) | Self::InvalidReference { .. } => {
                (StatusCode::BAD_REQUEST, "MALFORMED_ID")
            }
            Self::ConvertedLead => (StatusCode::BAD_REQUEST, "CANNOT_UPDATE_CONVERTED_LEAD"),
            Self::Json(_) => (StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR"),
            Self::ReadOnly(_) | Self::IdInUpsert => {
                (StatusCode::BAD_REQUEST, "INVALID_FIELD_FOR_INSERT_UPDATE")
            }
            Self::RequiredMissing(_) => (StatusCode::BAD_REQUEST, "REQUIRED_FIELD_MISSING"),
            Self::InvalidEmail { .. } => (StatusCode::BAD_REQUEST, "INVALID_EMAIL_ADDRESS"),
            Self::TooLong { .. } => (StatusCode::BAD_REQUEST, "STRING_TOO_LONG"),
            Self::MalformedQuery(_) => (StatusCode::BAD_REQUEST, "MALFORMED_QUERY"),
            Self::UnknownType(_) => (StatusCode::BAD_REQUEST, "INVALID_TYPE"),
            Self::NoSuchField { .. }
            | Self::KeyInBody(_)
            | Self::NotAnExternalId { .. }
            | Self::ParentMissing { .. }
            | Self::ParentUnclear { .. }
            | Self::ParentTwice { .. }
            | Self::NoSuchColumn { .. }
            | Self::DuplicateColumn(_)
            | Self::NotFilterable(_)
            | Self::FilterNeedsQuotes(_)
            | Self::FilterType { .. } => (StatusCode::BAD_REQUEST, "INVALID_FIELD"),
            Self::FilterNoId(_) => (StatusCode::BAD_REQUEST, "INVALID_QUERY_FILTER_OPERATOR"),
            Self::InvalidLocator => (StatusCode::BAD_REQUEST, "INVALID_QUERY_LOCATOR"),
        }
    }

    /// The `fields` of the error body: present, if only as an empty list, where a record was refused.
    pub(crate) fn fields(&self) -> Option<Vec<&str>> {
        match self {
            Self::ReadOnly(fields) | Self::RequiredMissing(fields) => {
                Some(fields.iter().map(String::as_str).collect())
            }
            Self::InvalidEmail { field, .. }
            | Self::TooLong { field, .. }
            | Self::OutsideRange { field, .. }
            | Self::NotInPicklist { field, .. }
            | Self::NoSuchCountry(field)
            | Self::NoSuchState(field)
            | Self::StateOfOtherCountry(field)
            | Self::StateWithoutCountry(field)
            | Self::ReferenceOfOtherType { field, .. }
            | Self::InvalidReference { field, .. } => Some(vec![&field.name]),
            Self::NoSuchParent { field } | Self::ValidationRule { field, .. } => {
                Some(field.iter().map(String::as_str).collect())
            }
            Self::IdInUpsert => Some(vec!["Id"]),
            Self::RowLocked
            | Self::ApexLimit
            | Self::DuplicateValue { .. }
            | Self::DuplicateId(_)
            | Self::DuplicateKey(_)
            | Self::KeyMissing(_)
            | Self::SeveralMatches { .. }
            | Self::ParentMissing { .. }
            | Self::ParentUnclear { .. }
            | Self::ParentTwice { .. }
            | Self::NoSuchRecord
            | Self::NoAccess
            | Self::MalformedId(_)
            | Self::EntityIsDeleted
            | Self::ConvertedLead => Some(vec![]),
            Self::InvalidSession
            | Self::LimitExceeded
            | Self::ApiDisabled
            | Self::ServerUnavailable
            | Self::TooManyRecords
            | Self::Composite(_)
            | Self::NotFound
            | Self::MethodNotAllowed { .. }
            | Self::NoExternalId(_)
            | Self::KeyInBody(_)
            | Self::NotAnExternalId { .. }
            | Self::OtherType(_)
            | Self::MultipleChoices(_)
            | Self::Json(_)
            | Self::NoSuchField { .. }
            | Self::MalformedQuery(_)
            | Self::UnknownType(_)
            | Self::NoSuchColumn { .. }
            | Self::DuplicateColumn(_)
            | Self::NotFilterable(_)
            | Self::FilterNeedsQuotes(_)
            | Self::FilterType { .. }
            | Self::FilterNoId(_)
            | Self::DuplicatesDetected(_)
            | Self::InvalidLocator => None,
        }
    }
}
