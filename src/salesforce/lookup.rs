//! Finds the records of keys: what is remembered at once, the rest in as few calls as fit, asked again where Salesforce's
//! answer says how.

use std::{collections::HashSet, time::Instant};

use futures_util::{StreamExt, stream};
use reqwest::Method;

use crate::{
    metrics::{Call, LookupSource},
    salesforce::{
        Fault, Found, Freshness, Key, Row, Salesforce, Session, Wanted,
        cache::Viewer,
        composite::{MAX_PARTS, Part},
        field_types,
        form::Form,
        page,
        soql::{self, Item, Query, Way},
    },
};

impl Salesforce {
    /// Asks for keys at once, in as few calls as fit, and without waiting for others.
    pub(crate) async fn find(
        &self,
        session: &Session,
        wanted: &[Wanted],
        freshness: Freshness,
    ) -> Found {
        let viewer = self.viewers.of(session);
        let (mut found, unknown) = match freshness {
            Freshness::Known => self.recalled(&viewer, wanted),
            Freshness::Fresh => (Found::default(), wanted.to_vec()),
        };
        let asked = Instant::now();
        let metrics = self.client.metrics();
        metrics.lookups(LookupSource::Asked, unknown.len());
        let searched = self.search(session, unknown).await;
        for wanted in wanted {
            if let Ok(rows) = searched.rows(&wanted.key) {
                self.remembered.set(&viewer, &wanted.key, asked, rows);
            }
        }
        found.extend(searched);
        found
    }

    /// What is remembered, and what has to be asked for: the values of fields are never remembered.
    pub(super) fn recalled(&self, viewer: &Viewer, wanted: &[Wanted]) -> (Found, Vec<Wanted>) {
        let mut found = Found::default();
        let mut unknown = Vec::new();
        for wanted in wanted {
            match self
                .remembered
                .get(viewer, &wanted.key)
                .filter(|_| wanted.fields.is_empty())
            {
                Some(rows) => found.set(&wanted.key, Ok(rows)),
                None => unknown.push(wanted.clone()),
            }
        }
        let remembered = wanted.len() - unknown.len();
        let metrics = self.client.metrics();
        metrics.lookups(LookupSource::Remembered, remembered);
        (found, unknown)
    }

    /// Asks for all keys. What must be asked otherwise, in smaller parts or in another form, is asked again.
    async fn search(&self, session: &Session, wanted: Vec<Wanted>) -> Found {
        let mut found = Found::with_capacity(wanted.len());
        let mut parts = vec![wanted];
        let mut told = Told::default();
        while !parts.is_empty() {
            let parts_of = |wanted| self.items(session, wanted, &mut found);
            let parts_now: Vec<_> = parts.into_iter().map(parts_of).collect();
            let answers = self.answers(session, parts_now).await;
            let again = answers.into_iter().flat_map(|(query, answer)| {
                self.again(session, &query, &answer, &mut told)
                    .unwrap_or_else(|| found.add(&query, answer))
            });
            parts = again.collect();
        }
        found
    }

    /// The keys in the forms that their fields are known to have. A value that has no such form fails by itself.
    fn items(&self, session: &Session, wanted: Vec<Wanted>, found: &mut Found) -> Vec<Item> {
        let org = session.instance();
        let mut items = Vec::with_capacity(wanted.len());
        let mut forms = Forms::default();
        for mut wanted in wanted {
            let (key, object) = (wanted.key.clone(), wanted.key.object());
            wanted
                .fields
                .retain(|field| self.types.is_readable(org, object, field));
            let form = forms.of(&key, |key| self.types.form(org, key));
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

    /// Asks queries: one by itself where its URI holds it, else up to five in each Composite.
    async fn answers(
        &self,
        session: &Session,
        parts: Vec<Vec<Item>>,
    ) -> Vec<(Query, Result<Vec<Row>, Fault>)> {
        let path = format!("/services/data/v{}/query", self.api_version);
        let queries_by = |way| -> Vec<Query> {
            let parts = parts.iter();
            parts.flat_map(|items| soql::queries(items, way)).collect()
        };
        let (way, queries) = match queries_by(Way::Uri(path.len())) {
            queries if queries.len() == 1 => (Way::Uri(path.len()), queries),
            _ => (Way::Composite, queries_by(Way::Composite)),
        };
        let part = |query: &Query| Part {
            method: Method::GET,
            path: format!("{path}?q={}", query.encoded()),
            body: None,
        };
        let requests: Vec<Part> = queries.iter().map(part).collect();
        let (client, version) = (&self.client, self.api_version.as_str());
        let calls = requests.chunks(MAX_PARTS).map(|parts| async move {
            match way {
                Way::Uri(_) => client.ask(Call::Query, session, version, parts).await,
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

    /// What is to be asked again because of what an answer says. The form of a field is learnt once in a search, whatever
    /// Salesforce says next. After a refusal that is not known each key is asked for once more, alone: one may be to blame.
    fn again(
        &self,
        session: &Session,
        query: &Query,
        answer: &Result<Vec<Row>, Fault>,
        told: &mut Told,
    ) -> Option<Vec<Vec<Wanted>>> {
        let (fault, first) = (answer.as_ref().err()?, query.wanted.first()?);
        if matches!(fault, Fault::Unknown(_)) {
            let is_new = |wanted: &&Wanted| told.asked_alone.insert(wanted.key.clone());
            let alone: Vec<_> = query.wanted.iter().filter(is_new).cloned().collect();
            return (!alone.is_empty()).then(|| alone.into_iter().map(|one| vec![one]).collect());
        }
        let learnt = &mut told.forms;
        let (org, key) = (session.instance(), &first.key);
        let is_new = !learnt.contains(key.field_kind());
        if is_new && self.types.learn(org, key, query.form, fault) {
            learnt.insert(key.field_kind().to_owned());
        }
        // Another query of the same field may have learnt it first.
        if learnt.contains(key.field_kind()) && self.types.form(org, key) != query.form {
            return Some(vec![query.wanted.clone()]);
        }
        let refuses_field = query.reads_fields && self.types.unreadable(org, query, fault);
        let of_id = |wanted: &Wanted| Wanted {
            fields: Vec::new(),
            ..wanted.clone()
        };
        refuses_field.then(|| vec![query.wanted.iter().map(of_id).collect()])
    }
}

/// What a search has been told by refusals.
#[derive(Default)]
struct Told {
    /// Fields whose form was learnt.
    forms: HashSet<String>,
    /// Keys that were asked for once more, alone.
    asked_alone: HashSet<Key>,
}

/// The form of the field that was asked for last: most keys of a search are of one.
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

/// How many calls of one org are made at a time.
const AT_ONCE: usize = 8;
