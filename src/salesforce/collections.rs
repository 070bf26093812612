//! Writes many records in few calls: sObject Collections of up to 200 records, up to five of them in one Composite.
//!
//! Each record has its own result, matched by position. If a collection is refused as a whole because one record cannot
//! even be parsed, it is split until that record stands alone.

mod record;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use percent_encoding::utf8_percent_encode;
use reqwest::Method;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub use self::record::read;
pub(crate) use self::record::{RecordWrite, Written};
use self::record::{read_row, unanswered};
use crate::{
    metrics::Call,
    salesforce::{
        Salesforce,
        address::Effect,
        composite::{MAX_PARTS, MAX_ROWS, Part},
        creates::Held,
        fault::Fault,
        headers::WriteHeaders,
        operation::SEGMENT,
        session::Session,
    },
};

/// The maximum number of records in one collection.
const MAX_RECORDS: usize = 200;

/// The maximum size of one collection in bytes. Five of them stay below Salesforce's limit for one request.
const MAX_BYTES: usize = 1 << 20;

/// The maximum number of concurrent calls to one org.
const AT_ONCE: usize = 4;

/// Serialized records of one object and operation, with the same headers, and their positions.
struct Collection<'r> {
    effect: Effect,
    /// The object and the field of the external ids, if the records are upserted.
    upserted_by: Option<(&'r str, &'r str)>,
    headers: WriteHeaders,
    positions: Vec<usize>,
}

/// The results of records, in order.
#[derive(Debug)]
pub(crate) struct Writes {
    /// The result of each record.
    pub(crate) results: Vec<Written>,
    /// The positions of records of which nothing is known but that Salesforce has refused their collection as a whole, because it
    /// cannot read one of its records. The caller wants to mend them itself ([`RecordWrite::mending_refusals`]).
    pub(crate) refused_whole: Vec<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    all_or_none: bool,
    records: Vec<&'a RawValue>,
}

impl Salesforce {
    /// Writes records and returns their results in the same order. No record may occur twice in the list. Records that
    /// another transaction has locked, or that were too many for the org's own code, are written once more, in halves,
    /// after a pause of at most `pause`. The leases for the records that are created are `held`; what is not sent because they are
    /// lost has [`Fault::BeingCreated`].
    pub(crate) async fn write(
        &self,
        session: &Session,
        records: &[RecordWrite<'_>],
        pause: Duration,
        held: &Held<'_>,
    ) -> Writes {
        let all: Vec<usize> = (0..records.len()).collect();
        let mut writes = Writes {
            results: vec![Err(unanswered()); records.len()],
            refused_whole: Vec::new(),
        };
        let access = (session, held);
        let locked = self.write_all(access, records, &all, &mut writes).await;
        if !locked.is_empty() {
            tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
        }
        let (first, second) = locked.split_at(locked.len().div_ceil(2));
        for half in [first, second] {
            self.write_all(access, records, half, &mut writes).await;
        }
        let hides = |position: &usize| {
            let fault = writes.results[*position].as_ref().err();
            records[*position].updates_duplicates && fault.is_some_and(Fault::hides_duplicates)
        };
        let hidden = all.into_iter().filter(hides).collect();
        self.write_rows(access, records, hidden, &mut writes.results)
            .await;
        writes
    }

    /// Creates records with separate requests, up to 25 in one call. Only then does Salesforce report which records a duplicate
    /// rule found.
    async fn write_rows(
        &self,
        access: (&Session, &Held<'_>),
        records: &[RecordWrite<'_>],
        positions: Vec<usize>,
        results: &mut [Written],
    ) {
        let (version, (session, held)) = (&self.api_version, access);
        for positions in calls(positions, MAX_ROWS, |position| {
            records[*position].headers.clone()
        }) {
            let row = |position: &usize| Part {
                method: Method::POST,
                path: format!(
                    "/services/data/v{version}/sobjects/{}",
                    utf8_percent_encode(records[*position].object, SEGMENT)
                ),
                headers: records[*position].headers.clone(),
                body: records[*position].row(),
            };
            let rows: Vec<Part> = positions.iter().map(row).collect();
            let answers = self
                .client
                .ask(Call::Collections, session, version, &rows, held)
                .await;
            for (position, answer) in positions.into_iter().zip(answers) {
                results[position] = answer.and_then(|body| read_row(&body));
            }
        }
    }

    /// Writes the records at these positions, and returns the positions of those that may succeed in a smaller
    /// collection.
    async fn write_all(
        &self,
        access: (&Session, &Held<'_>),
        records: &[RecordWrite<'_>],
        positions: &[usize],
        writes: &mut Writes,
    ) -> Vec<usize> {
        let mut locked = Vec::new();
        let results = &mut writes.results;
        let mut collections = collected(records, positions, results);
        while !collections.is_empty() {
            let answers = self.send(access, records, collections).await;
            collections = Vec::new();
            for (collection, answer) in answers {
                match answer.and_then(|body| read(&body, collection.positions.len())) {
                    Ok(written) => {
                        for (position, written) in collection.positions.into_iter().zip(written) {
                            if written.as_ref().is_err_and(is_passing) {
                                locked.push(position);
                            }
                            if let Err(fault) = &written {
                                self.client.note_unknown(fault);
                            }
                            results[position] = written;
                        }
                    }
                    Err(fault)
                        if collection.is_split(&fault) && !collection.comes_back(records) =>
                    {
                        collections.extend(collection.split());
                    }
                    Err(fault) => {
                        if collection.is_split(&fault) {
                            writes.refused_whole.extend(&collection.positions);
                        }
                        for position in collection.positions {
                            results[position] = Err(fault.clone());
                        }
                    }
                }
            }
        }
        locked
    }

    /// Sends collections, up to five in one call.
    async fn send<'r>(
        &self,
        (session, held): (&Session, &Held<'_>),
        records: &[RecordWrite<'_>],
        collections: Vec<Collection<'r>>,
    ) -> Vec<(Collection<'r>, Result<Bytes, Fault>)> {
        let path = format!("/services/data/v{}/composite/sobjects", self.api_version);
        let part = |collection: &Collection<'_>| Part {
            method: collection.method(),
            path: collection.path(&path),
            headers: collection.headers.clone(),
            body: collection.body(records),
        };
        let calls = calls(collections, MAX_PARTS, |collection| {
            collection.headers.clone()
        });
        let asked = calls.iter().map(|collections| {
            let parts: Vec<Part> = collections.iter().map(part).collect();
            async move {
                let (client, version) = (&self.client, &self.api_version);
                client
                    .ask(Call::Collections, session, version, &parts, held)
                    .await
            }
        });
        let answers: Vec<_> = stream::iter(asked.collect::<Vec<_>>())
            .buffered(AT_ONCE)
            .collect()
            .await;
        let collections = calls.into_iter().flatten();
        collections.zip(answers.into_iter().flatten()).collect()
    }
}

impl Collection<'_> {
    fn method(&self) -> Method {
        match self.effect {
            Effect::Create => Method::POST,
            Effect::Update | Effect::Upsert => Method::PATCH,
        }
    }

    fn path(&self, collections: &str) -> String {
        match self.upserted_by {
            Some((object, field)) => format!("{collections}/{object}/{field}"),
            None => collections.to_owned(),
        }
    }

    /// Whether the records are upserted by a field of this name, or by none if there is no name.
    fn is_upserted_by(&self, field: Option<&str>) -> bool {
        match (self.upserted_by, field) {
            (Some((_, own)), Some(field)) => own.eq_ignore_ascii_case(field),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn body(&self, records: &[RecordWrite<'_>]) -> Option<Box<RawValue>> {
        let bodies = self.positions.iter().map(|at| &records[*at].body);
        let body = Body {
            all_or_none: false,
            records: bodies.flatten().map(|body| &**body).collect(),
        };
        to_raw_value(&body).ok()
    }

    /// Whether the collection is split because of a fault that one of its records may have caused. An upsert whose field may be
    /// no external id is not: all its records are looked up instead.
    fn is_split(&self, fault: &Fault) -> bool {
        let goes_by_lookup = self.effect == Effect::Upsert && fault.is_about_an_external_id();
        self.positions.len() > 1 && is_about_a_record(fault) && !goes_by_lookup
    }

    /// Whether the caller wants a refusal of the whole collection.
    fn comes_back(&self, records: &[RecordWrite<'_>]) -> bool {
        let mut positions = self.positions.iter();
        positions.any(|position| records[*position].mends_refusals)
    }

    /// Splits the collection into five parts, which fit into one call.
    fn split(&self) -> impl Iterator<Item = Self> {
        let size = self.positions.len().div_ceil(MAX_PARTS);
        self.positions.chunks(size).map(|positions| Self {
            effect: self.effect,
            upserted_by: self.upserted_by,
            headers: self.headers.clone(),
            positions: positions.to_vec(),
        })
    }
}

/// How many calls it takes to write records, if Salesforce refuses no collection.
#[must_use]
pub(crate) fn calls_of(records: &[RecordWrite<'_>]) -> usize {
    let positions: Vec<usize> = (0..records.len()).collect();
    let mut results = vec![Err(unanswered()); records.len()];
    let collections = collected(records, &positions, &mut results);
    calls(collections, MAX_PARTS, |collection| {
        collection.headers.clone()
    })
    .len()
}

/// Groups records of one object and operation into collections. A record that cannot be sent gets its result here.
fn collected<'r>(
    records: &'r [RecordWrite<'_>],
    positions: &[usize],
    results: &mut [Written],
) -> Vec<Collection<'r>> {
    let mut open: Vec<(&str, usize, Collection<'r>)> = Vec::new();
    let mut full = Vec::new();
    for position in positions {
        let record = &records[*position];
        let length = match &record.body {
            Ok(body) => body.get().len(),
            Err(fault) => {
                results[*position] = Err(fault.clone());
                continue;
            }
        };
        let new = || Collection {
            effect: record.effect,
            upserted_by: record.field.map(|field| (record.object, field)),
            headers: record.headers.clone(),
            positions: vec![*position],
        };
        let is_same = |(object, _, collection): &&mut (&str, usize, Collection<'r>)| {
            object.eq_ignore_ascii_case(record.object)
                && collection.effect == record.effect
                && collection.is_upserted_by(record.field)
                && collection.headers == record.headers
        };
        match open.iter_mut().find(is_same) {
            Some((_, bytes, collection))
                if collection.positions.len() < MAX_RECORDS && *bytes + length <= MAX_BYTES =>
            {
                *bytes += length;
                collection.positions.push(*position);
            }
            Some((_, bytes, collection)) => {
                *bytes = length;
                full.push(std::mem::replace(collection, new()));
            }
            None => open.push((record.object, length, new())),
        }
    }
    full.extend(open.into_iter().map(|(_, _, collection)| collection));
    full
}

/// Divides the parts of Composites into calls of up to `most` parts whose headers do not contradict each other.
fn calls<T>(parts: Vec<T>, most: usize, headers_of: impl Fn(&T) -> WriteHeaders) -> Vec<Vec<T>> {
    let mut calls: Vec<(WriteHeaders, Vec<T>)> = Vec::new();
    for part in parts {
        let headers = headers_of(&part);
        let mut open = calls.iter_mut().filter(|(_, call)| call.len() < most);
        let joined = open.find_map(|(of_call, call)| {
            *of_call = of_call.joined(&headers)?;
            Some(call)
        });
        match joined {
            Some(call) => call.push(part),
            None => calls.push((headers, vec![part])),
        }
    }
    calls.into_iter().map(|(_, call)| call).collect()
}

/// Whether a record may be written if it is tried together with fewer other records.
fn is_passing(fault: &Fault) -> bool {
    matches!(fault, Fault::Passing(_) | Fault::Automation(_))
}

/// Whether one record may be the cause if a collection is refused as a whole: its body could not be parsed. An unknown
/// object would affect every record, and any other status concerns the caller's rights.
fn is_about_a_record(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Refused(refusal) | Fault::Unknown(refusal)
            if refusal.status == 400 && refusal.code != "INVALID_TYPE"
    )
}
