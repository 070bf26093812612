//! Finds the records of keys. Cached records are returned at once; the others are requested in as few calls as
//! possible, and requested again if Salesforce's response shows how to improve the query.

use std::{collections::HashSet, time::Instant};

use futures_util::{StreamExt, stream};
use reqwest::Method;

use crate::{
    metrics::{Call, LookupSource},
    salesforce::{
        Fault, Found, Instance, Key, Row, Salesforce, Session, Wanted,
        cache::OrgUser,
        composite::{MAX_PARTS, Part},
        creates::Held,
        field_types,
        form::Form,
        headers::WriteHeaders,
        learnt::Lesson,
        page,
        soql::{self, Item, Query, Way},
    },
};

impl Salesforce {
    /// Looks up keys in Salesforce immediately, in as few calls as possible and without waiting for concurrent
    /// requests.
    pub(super) async fn find(
        &self,
        session: &Session,
        user: &OrgUser,
        wanted: Vec<Wanted>,
    ) -> Found {
        let asked = Instant::now();
        self.metrics().lookups(LookupSource::Asked, wanted.len());
        let keys: Vec<Key> = wanted.iter().map(|wanted| wanted.key.clone()).collect();
        let mut found = self.search(session, wanted).await;
        let answered = keys
            .iter()
            .filter_map(|key| Some((key, found.rows(key).ok()?)));
        let answered: Vec<(&Key, &[Row])> = answered.collect();
        self.records.found(user, asked, &answered);
        let is_missing = |(_, rows): &&(&Key, &[Row])| rows.is_empty();
        let missing = answered.iter().filter(is_missing).map(|(key, _)| *key);
        let missing: Vec<&Key> = missing.collect();
        if !missing.is_empty() {
            let duplicates = self.records.duplicates(user, &missing).await;
            for (key, rows) in missing.into_iter().zip(duplicates) {
                if let Some(rows) = rows {
                    found.set(key, Ok(rows));
                }
            }
        }
        found
    }

    /// Splits keys into those that the cache answers and those that have to be requested. Field values are never
    /// cached. Without `may_be_cached`, all have to be requested.
    pub(super) async fn cached<'w>(
        &self,
        user: &OrgUser,
        wanted: impl Iterator<Item = &'w Wanted>,
        may_be_cached: bool,
    ) -> (Found, Vec<Wanted>) {
        if !(may_be_cached && self.records.keeps_ids()) {
            self.metrics().lookups(LookupSource::Remembered, 0);
            return (Found::default(), wanted.cloned().collect());
        }
        let is_cacheable = |wanted: &&Wanted| wanted.fields.is_empty();
        let (cacheable, mut unknown): (Vec<&Wanted>, Vec<&Wanted>) = wanted.partition(is_cacheable);
        let keys: Vec<&Key> = cacheable.iter().map(|wanted| &wanted.key).collect();
        let mut found = Found::default();
        let mut cached = 0;
        let known = self.records.ids(user, &keys).await;
        for (wanted, rows) in cacheable.into_iter().zip(known) {
            match rows {
                Some(rows) => {
                    cached += 1;
                    found.set(&wanted.key, Ok(rows));
                }
                None => unknown.push(wanted),
            }
        }
        self.metrics().lookups(LookupSource::Remembered, cached);
        (found, unknown.into_iter().cloned().collect())
    }

    /// Looks up all keys. Keys that need smaller queries or another form are requested again.
    async fn search(&self, session: &Session, wanted: Vec<Wanted>) -> Found {
        let mut found = Found::with_capacity(wanted.len());
        let mut parts = vec![wanted];
        let mut retries = Retries::default();
        while !parts.is_empty() {
            let parts_of = |wanted| self.items(session.instance(), wanted, &mut found);
            let parts_now: Vec<_> = parts.into_iter().map(parts_of).collect();
            let answers = self.answers(session, parts_now).await;
            let again = answers.into_iter().flat_map(|(query, answer)| {
                self.again(session, &query, &answer, &mut retries)
                    .unwrap_or_else(|| found.add(&query, answer))
            });
            parts = again.collect();
        }
        found
    }

    /// The keys in the known forms of their fields. A value that cannot be written in that form fails alone.
    fn items(&self, org: &Instance, wanted: Vec<Wanted>, found: &mut Found) -> Vec<Item> {
        let mut items = Vec::with_capacity(wanted.len());
        let mut forms = Forms::default();
        for mut wanted in wanted {
            let (key, object) = (wanted.key.clone(), wanted.key.object());
            wanted
                .fields
                .retain(|field| self.field_types.is_readable(org, object, field));
            let form = forms.of(&key, |key| self.field_types.form(org, key));
            match form.map_or_else(|| Some(key.literal()), |form| key.literal_as(form)) {
                Some(literal) => items.push(Item {
                    wanted,
                    literal,
                    form,
                }),
                None => form
                    .into_iter()
                    .for_each(|form| found.fail(&key, field_types::unfit(&key, form))),
            }
        }
        items
    }

    /// Sends queries: a single one in a URI if it fits, otherwise up to five in each Composite.
    async fn answers(
        &self,
        session: &Session,
        parts: Vec<Vec<Item>>,
    ) -> Vec<(Query, Result<Vec<Row>, Fault>)> {
        let path = self.query_path();
        let (way, queries) = queries_of(&path, &parts);
        let part = |query: &Query| Part {
            headers: WriteHeaders::NONE,
            method: Method::GET,
            path: format!("{path}?q={}", query.encoded()),
            body: None,
        };
        let requests: Vec<Part> = queries.iter().map(part).collect();
        let (client, version) = (&self.client, self.api_version.as_str());
        let calls = requests.chunks(MAX_PARTS).map(|parts| async move {
            match way {
                Way::Uri(_) => {
                    let unleased = Held::default();
                    client
                        .ask(Call::Query, session, version, parts, &unleased)
                        .await
                }
                Way::Composite => {
                    client
                        .ask_together(Call::Query, session, version, parts)
                        .await
                }
            }
        });
        let first_pages: Vec<_> = stream::iter(calls.collect::<Vec<_>>())
            .buffered(AT_ONCE)
            .collect()
            .await;
        let pages = queries.into_iter().zip(first_pages.into_iter().flatten());
        let rows = pages.map(|(query, first)| async {
            let rows = page::rows(client, session, &query, first).await;
            (query, rows)
        });
        stream::iter(rows.collect::<Vec<_>>())
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    fn query_path(&self) -> String {
        format!("/services/data/v{}/query", self.api_version)
    }

    /// The query that finds the record of one key, as far as the form of its field is known; `None` if the value cannot be
    /// written in that form.
    #[must_use]
    pub(crate) fn question(&self, org: &Instance, wanted: &Wanted) -> Option<String> {
        let items = self.items(org, vec![wanted.clone()], &mut Found::default());
        let queries = soql::queries(&items, Way::Composite);
        queries.first().map(|query| query.soql().to_owned())
    }

    /// How many calls the lookup of these keys takes if it finds at most one page of records each.
    #[must_use]
    pub(crate) fn lookup_calls(&self, org: &Instance, wanted: Vec<Wanted>) -> usize {
        if wanted.is_empty() {
            return 0;
        }
        let items = self.items(org, wanted, &mut Found::default());
        let (way, queries) = queries_of(&self.query_path(), &[items]);
        match way {
            Way::Uri(_) => queries.len(),
            Way::Composite => queries.len().div_ceil(MAX_PARTS),
        }
    }

    /// Determines which keys to request again because of a response. In one search, the form of a field is learnt only
    /// once, whatever Salesforce states later. After an unknown refusal, each key is requested once more, alone,
    /// because one of them may be the cause.
    fn again(
        &self,
        session: &Session,
        query: &Query,
        answer: &Result<Vec<Row>, Fault>,
        retries: &mut Retries,
    ) -> Option<Vec<Vec<Wanted>>> {
        let (fault, first) = (answer.as_ref().err()?, query.wanted.first()?);
        if matches!(fault, Fault::Unknown(_)) {
            let is_new = |wanted: &&Wanted| retries.asked_alone.insert(wanted.key.clone());
            let alone: Vec<_> = query.wanted.iter().filter(is_new).cloned().collect();
            return (!alone.is_empty()).then(|| alone.into_iter().map(|one| vec![one]).collect());
        }
        let learnt = &mut retries.forms;
        let (org, key) = (session.instance(), &first.key);
        let is_new = !learnt.contains(key.field_kind());
        if is_new && let Some(form) = self.field_types.learn(org, key, query.form, fault) {
            learnt.insert(key.field_kind().to_owned());
            self.teach(org, || Lesson::form(key, form));
        }
        // Another query of the same field may have learnt the form first.
        if learnt.contains(key.field_kind()) && self.field_types.form(org, key) != query.form {
            return Some(vec![query.wanted.clone()]);
        }
        let refuses_field = query.reads_fields && field_types::is_about_field(fault);
        if refuses_field && let Some(field) = field_types::unreadable(query, fault) {
            let object = key.object();
            self.field_types
                .not_readable(org, (object, field), Instant::now());
            self.teach(org, || Lesson::unreadable(object, field));
        }
        let of_id = |wanted: &Wanted| Wanted {
            fields: Vec::new(),
            ..wanted.clone()
        };
        refuses_field.then(|| vec![query.wanted.iter().map(of_id).collect()])
    }
}

/// The queries of a search, and how they are sent: a single one in a URI if it fits, otherwise up to five in each Composite.
fn queries_of(path: &str, parts: &[Vec<Item>]) -> (Way, Vec<Query>) {
    let queries_by = |way| -> Vec<Query> {
        let parts = parts.iter();
        parts.flat_map(|items| soql::queries(items, way)).collect()
    };
    match queries_by(Way::Uri(path.len())) {
        queries if queries.len() == 1 => (Way::Uri(path.len()), queries),
        _ => (Way::Composite, queries_by(Way::Composite)),
    }
}

/// What a search has requested again because of refusals.
#[derive(Default)]
struct Retries {
    /// Fields whose form was learnt in this search.
    forms: HashSet<String>,
    /// Keys that were requested once more, alone.
    asked_alone: HashSet<Key>,
}

/// Remembers the form of the field that was looked up last, because most keys of a search have the same field.
#[derive(Default)]
struct Forms(Option<(Key, Option<Form>)>);

impl Forms {
    fn of(&mut self, key: &Key, known: impl Fn(&Key) -> Option<Form>) -> Option<Form> {
        match &self.0 {
            Some((last, form)) if last.field_kind() == key.field_kind() => *form,
            _ => {
                let form = known(key);
                self.0 = Some((key.clone(), form));
                form
            }
        }
    }
}

/// The maximum number of concurrent calls to one org.
const AT_ONCE: usize = 8;
