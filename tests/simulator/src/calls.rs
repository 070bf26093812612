//! What was asked of the org, counted by kind: the proof that a client is frugal.

/// The kinds of request that an org tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A request for an access token.
    Token,
    /// A SOQL query, or a further page of one.
    Query,
    /// A record created.
    Create,
    /// A record read by its id.
    Read,
    /// A record updated.
    Update,
    /// A record deleted.
    Delete,
    /// A record written by an external id.
    Upsert,
    /// Several requests in one.
    Composite,
    /// Up to 200 records created or updated.
    Collections,
    /// The resources of a version, or the description of an object.
    Describe,
    /// Anything else, such as a resource that does not exist.
    Other,
}

/// How many requests have arrived since the start, by kind, whatever became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Requests for an access token; they do not count against the daily limit.
    pub token: u64,
    /// SOQL queries and further pages of them.
    pub query: u64,
    /// Records to create.
    pub create: u64,
    /// Records to read by their id.
    pub read: u64,
    /// Records to update.
    pub update: u64,
    /// Records to delete.
    pub delete: u64,
    /// Records to write by an external id.
    pub upsert: u64,
    /// Composites, whatever they hold.
    pub composite: u64,
    /// Collections that were no part of a Composite.
    pub collections: u64,
    /// Requests inside Composites; they do not count by themselves.
    pub composite_parts: u64,
    /// Records inside Collections; they do not count by themselves.
    pub collection_records: u64,
    /// Records that were not written, one by one or in Collections; they do not count by themselves.
    pub refused_records: u64,
    /// Descriptions: the resources of a version, and objects. The list of versions is free.
    pub describe: u64,
    /// Requests for anything else.
    pub other: u64,
    /// Requests turned away at the door: no valid session, past the daily limit, or a URI too long. They are in no
    /// other count.
    pub refused: u64,
}

impl Calls {
    /// The calls that count against the daily limit, as `Sforce-Limit-Info` reports them.
    #[must_use]
    pub fn total_api(&self) -> u64 {
        let records = self.create + self.read + self.update + self.delete + self.upsert;
        self.query + records + self.composite + self.collections + self.describe + self.other
    }

    pub(super) fn count(&mut self, call: Call) {
        *match call {
            Call::Token => &mut self.token,
            Call::Query => &mut self.query,
            Call::Create => &mut self.create,
            Call::Read => &mut self.read,
            Call::Update => &mut self.update,
            Call::Delete => &mut self.delete,
            Call::Upsert => &mut self.upsert,
            Call::Composite => &mut self.composite,
            Call::Collections => &mut self.collections,
            Call::Describe => &mut self.describe,
            Call::Other => &mut self.other,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_refusals_do_not_count_against_the_limit() {
        let mut calls = Calls {
            refused: 5,
            ..Calls::default()
        };
        for call in [Call::Token, Call::Query, Call::Create, Call::Update] {
            calls.count(call);
        }
        assert_eq!((calls.token, calls.total_api()), (1, 3));
    }
}
