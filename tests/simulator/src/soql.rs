//! A SOQL parser, small and strict: the queries that look records up, and an error for everything else.
//!
//! ```text
//! SELECT field [, field]… FROM object
//!     [WHERE field = literal | WHERE field IN (literal [, literal]…)]
//!     [ORDER BY field [ASC | DESC] [NULLS FIRST | NULLS LAST]]
//!     [LIMIT n]
//! ```

mod lexer;
mod parser;

use std::slice;

use thiserror::Error;

/// A parsed query. Names are spelled as the query spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The selected fields, at least one.
    pub fields: Vec<String>,
    /// The object that is read.
    pub object: String,
    /// Which records; `None` for all.
    pub condition: Option<Condition>,
    /// In which order; `None` for the org's own.
    pub order_by: Option<OrderBy>,
    /// How many records at most.
    pub limit: Option<usize>,
}

/// What a record must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `field = value`
    Equals {
        /// The compared field.
        field: String,
        /// What it must equal.
        value: Literal,
    },
    /// `field IN (value, …)`
    In {
        /// The compared field.
        field: String,
        /// What it must equal one of, at least one.
        values: Vec<Literal>,
    },
}

impl Condition {
    /// The compared field.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Equals { field, .. } | Self::In { field, .. } => field,
        }
    }

    /// The values that fulfil the condition.
    #[must_use]
    pub fn values(&self) -> &[Literal] {
        match self {
            Self::Equals { value, .. } => slice::from_ref(value),
            Self::In { values, .. } => values,
        }
    }
}

/// A value in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A quoted string, its escapes resolved.
    Text(String),
    /// A number as it was written.
    Number(String),
    /// `TRUE` or `FALSE`, in any letter case.
    Bool(bool),
    /// `NULL`, in any letter case.
    Null,
}

/// `ORDER BY`. Without words of its own it ascends, and nulls come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// The field to sort by.
    pub field: String,
    /// Whether `DESC` was asked for.
    pub descending: bool,
    /// Whether `NULLS LAST` was asked for; nulls come first otherwise, also in a descending order.
    pub nulls_last: bool,
}

/// Why a text is no query: the message of `MALFORMED_QUERY`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyntaxError {
    /// There is no query at all.
    #[error("A query string has to be specified")]
    Empty,
    /// Something stands where something else must.
    #[error("unexpected token: '{0}'")]
    UnexpectedToken(String),
    /// The query stops too early.
    #[error("unexpected end of query")]
    UnexpectedEnd,
    /// A quoted string has no closing quote.
    #[error("string literal is not terminated")]
    UnterminatedText,
    /// A backslash that starts no escape of Salesforce's.
    #[error("Invalid string literal. Illegal character sequence '\\{0}' in string literal.")]
    IllegalEscape(String),
    /// A `\uXXXX` that is an unpaired surrogate.
    #[error("Invalid string literal. Incomplete surrogate pair in string literal.")]
    LoneSurrogate,
}

/// Parses a query.
///
/// # Errors
/// Anything but the grammar above.
pub fn parse(soql: &str) -> Result<Query, SyntaxError> {
    let tokens = lexer::tokens(soql)?;
    if tokens.is_empty() {
        Err(SyntaxError::Empty)
    } else {
        parser::parse(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_by_one_value() {
        let query =
            parse("SELECT Id, IsConverted FROM Lead WHERE Email = 'o\\'brien@x.com'").unwrap();
        assert_eq!(
            (query.fields, query.object.as_str()),
            (vec!["Id".into(), "IsConverted".into()], "Lead")
        );
        let value = Literal::Text("o'brien@x.com".into());
        assert_eq!(
            query.condition,
            Some(Condition::Equals {
                field: "Email".into(),
                value
            })
        );
    }

    #[test]
    fn a_lookup_by_many_values_of_any_type() {
        let query = parse("select Id from Lead where x__c in ('a',-1.5, TRUE,false,Null)").unwrap();
        let values = [
            Literal::Text("a".into()),
            Literal::Number("-1.5".into()),
            Literal::Bool(true),
            Literal::Bool(false),
            Literal::Null,
        ];
        assert_eq!(query.condition.unwrap().values(), values);
    }

    #[test]
    fn keywords_in_any_case_order_and_limit() {
        let query =
            parse("sElEcT Id FROM Lead oRdEr bY LastModifiedDate DESC nulls last LIMIT 5").unwrap();
        let order_by = OrderBy {
            field: "LastModifiedDate".into(),
            descending: true,
            nulls_last: true,
        };
        assert_eq!((query.order_by, query.limit), (Some(order_by), Some(5)));
    }

    #[test]
    fn anything_else_is_malformed_and_says_where() {
        let cases = [
            ("", "A query string has to be specified"),
            ("DELETE FROM Lead", "unexpected token: 'DELETE'"),
            ("SELECT FROM Lead", "unexpected token: 'FROM'"),
            ("SELECT Id FROM Lead WHERE", "unexpected end of query"),
            (
                "SELECT Id FROM Lead WHERE Email LIKE '%'",
                "unexpected token: 'LIKE'",
            ),
            (
                "SELECT Id FROM Lead WHERE Email IN ()",
                "unexpected token: ')'",
            ),
            (
                "SELECT Id FROM Lead WHERE Email = 'x' OR Email = 'y'",
                "unexpected token: 'OR'",
            ),
            (
                "SELECT Id FROM Lead WHERE Email = 'o'brien'",
                "string literal is not terminated",
            ),
            (
                "SELECT Id FROM Lead WHERE Email = 'o''brien'",
                "unexpected token: 'brien'",
            ),
            (
                "SELECT Id FROM Lead WHERE Email = x",
                "unexpected token: 'x'",
            ),
            ("SELECT Id FROM Lead LIMIT 1.5", "unexpected token: '1.5'"),
            ("SELECT Id FROM Lead; DROP", "unexpected token: ';'"),
        ];
        for (soql, message) in cases {
            let malformed = parse(soql).unwrap_err();
            assert!(
                malformed.to_string().starts_with(message),
                "{soql}: {malformed}"
            );
        }
    }
}
