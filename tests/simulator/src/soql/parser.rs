//! SOQL tokens to a query, by recursive descent: one function for each rule of the grammar.

use std::{iter::Peekable, vec::IntoIter};

use super::{Condition, Literal, OrderBy, Query, SyntaxError, lexer::Token};

/// Words that have a meaning of their own and so cannot be names.
const RESERVED: [&str; 17] = [
    "AND", "ASC", "DESC", "FALSE", "FROM", "GROUP", "HAVING", "IN", "LIKE", "LIMIT", "NOT", "NULL",
    "OR", "ORDER", "SELECT", "TRUE", "WHERE",
];

/// Reads all tokens as one query.
pub(super) fn parse(tokens: Vec<Token>) -> Result<Query, SyntaxError> {
    let mut parser = Parser {
        tokens: tokens.into_iter().peekable(),
    };
    let query = parser.query()?;
    match parser.tokens.next() {
        None => Ok(query),
        Some(rest) => Err(unexpected(&rest)),
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
}

impl Parser {
    fn query(&mut self) -> Result<Query, SyntaxError> {
        self.keyword("SELECT")?;
        let fields = self.list(Self::name)?;
        self.keyword("FROM")?;
        Ok(Query {
            fields,
            object: self.name()?,
            condition: if self.skip("WHERE") {
                Some(self.condition()?)
            } else {
                None
            },
            order_by: if self.skip("ORDER") {
                Some(self.order_by()?)
            } else {
                None
            },
            limit: if self.skip("LIMIT") {
                Some(self.limit()?)
            } else {
                None
            },
        })
    }

    fn condition(&mut self) -> Result<Condition, SyntaxError> {
        let field = self.name()?;
        if self.tokens.next_if_eq(&Token::Equals).is_some() {
            return Ok(Condition::Equals {
                field,
                value: self.literal()?,
            });
        }
        self.keyword("IN")?;
        self.expect(&Token::Open)?;
        let values = self.list(Self::literal)?;
        self.expect(&Token::Close)?;
        Ok(Condition::In { field, values })
    }

    fn order_by(&mut self) -> Result<OrderBy, SyntaxError> {
        self.keyword("BY")?;
        let field = self.name()?;
        let descending = !self.skip("ASC") && self.skip("DESC");
        let nulls_last = self.skip("NULLS") && !self.skip("FIRST");
        if nulls_last {
            self.keyword("LAST")?;
        }
        Ok(OrderBy {
            field,
            descending,
            nulls_last,
        })
    }

    fn limit(&mut self) -> Result<usize, SyntaxError> {
        match self.next()? {
            Token::Number(number) => number
                .parse()
                .map_err(|_| SyntaxError::UnexpectedToken(number)),
            other => Err(unexpected(&other)),
        }
    }

    fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut items = vec![item(self)?];
        while self.tokens.next_if_eq(&Token::Comma).is_some() {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        match self.next()? {
            Token::Text(text) => Ok(Literal::Text(text)),
            Token::Number(number) => Ok(Literal::Number(number)),
            Token::Word(word) if word.eq_ignore_ascii_case("TRUE") => Ok(Literal::Bool(true)),
            Token::Word(word) if word.eq_ignore_ascii_case("FALSE") => Ok(Literal::Bool(false)),
            Token::Word(word) if word.eq_ignore_ascii_case("NULL") => Ok(Literal::Null),
            other => Err(unexpected(&other)),
        }
    }

    fn name(&mut self) -> Result<String, SyntaxError> {
        match self.next()? {
            Token::Word(word)
                if !RESERVED
                    .iter()
                    .any(|reserved| word.eq_ignore_ascii_case(reserved)) =>
            {
                Ok(word)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Goes past `keyword` if it comes next, and tells whether it did.
    fn skip(&mut self, keyword: &str) -> bool {
        let is_keyword = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.tokens.next_if(is_keyword).is_some()
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), SyntaxError> {
        if self.skip(keyword) {
            Ok(())
        } else {
            Err(unexpected(&self.next()?))
        }
    }

    fn expect(&mut self, token: &Token) -> Result<(), SyntaxError> {
        let next = self.next()?;
        if next == *token {
            Ok(())
        } else {
            Err(unexpected(&next))
        }
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        self.tokens.next().ok_or(SyntaxError::UnexpectedEnd)
    }
}

fn unexpected(token: &Token) -> SyntaxError {
    SyntaxError::UnexpectedToken(token.to_string())
}
