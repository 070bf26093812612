//! Counts what a batch would cost.

use super::{
    super::{
        Pipeline, Writing,
        lookups::{OrgIndex, Questions},
    },
    OrgView,
};
use crate::{
    delivery::{ForecastWrite, inline_calls},
    rudderstack::Entry,
    salesforce::{Key, Session, Wanted},
    transform::explanation::{Explanation, Forecast, ForecastLimit, OutcomeName},
};

/// How many writes are put into calls together. Where the events of one user write other records in turn, each takes a round, and
/// the effort grows with the square of their number; another part takes at most one call more for each object.
const WRITES_AT_ONCE: usize = 5_000;

/// Counts a batch.
pub(super) struct Tally {
    orgs: Vec<OrgTally>,
    /// The org of each event that writes.
    events: Vec<(usize, usize)>,
}

#[derive(Default)]
struct OrgTally {
    writes: Vec<ForecastWrite>,
    /// How many events look something up.
    looking_up: usize,
    lookup_calls: usize,
    inline_calls: usize,
    /// How many events write.
    writing: usize,
}

impl Tally {
    pub(super) fn new(orgs: usize) -> Self {
        let mut tally = Self {
            orgs: Vec::new(),
            events: Vec::new(),
        };
        tally.orgs.resize_with(orgs, OrgTally::default);
        tally
    }

    /// The events that write, each with the position of its org.
    pub(super) fn events(&self) -> impl Iterator<Item = (usize, usize)> {
        self.events.iter().copied()
    }

    /// The records that would be created for a key: the position of the event, that of its org, and the key.
    pub(super) fn creations(&self) -> impl Iterator<Item = (usize, usize, &Key)> {
        let writes = self.orgs.iter().enumerate();
        let writes =
            writes.flat_map(|(org, tally)| tally.writes.iter().map(move |write| (org, write)));
        let creates = writes.filter(|(_, write)| write.id.is_none() && !write.is_upsert);
        creates.filter_map(|(org, write)| Some((write.event, org, write.key.as_ref()?)))
    }

    /// Counts a write of an event.
    pub(super) fn write(
        &mut self,
        org: OrgIndex,
        (index, entry): (usize, &Entry<'_>),
        write: ForecastWrite,
    ) {
        self.orgs[org.position()].writes.push(ForecastWrite {
            user: ForecastWrite::user_of(entry),
            event: index,
            ..write
        });
    }

    /// Counts an event that writes, and may look something up.
    pub(super) fn looked_up(&mut self, writing: &Writing<'_>, index: usize) {
        let org = &mut self.orgs[writing.org.position()];
        let looks_up = writing
            .plan
            .records
            .iter()
            .any(|record| record.key().is_some());
        org.looking_up += usize::from(looks_up);
        org.writing += 1;
        self.events.push((index, writing.org.position()));
    }

    /// The forecast of the batch.
    pub(super) async fn forecast(
        &mut self,
        pipeline: &Pipeline,
        questions: &[Questions],
        views: &[OrgView<'_>],
        explanations: &[Explanation],
    ) -> Forecast {
        let mut forecast = Forecast::default();
        for ((org, questions), view) in self.orgs.iter_mut().zip(questions).zip(views) {
            org.count(pipeline, questions, view, &mut forecast).await;
        }
        let count = |outcome| {
            let outcomes = explanations
                .iter()
                .map(|explanation| explanation.verdict.outcome);
            outcomes.filter(|other| *other == outcome).count()
        };
        forecast.events = explanations.len();
        forecast.sent = count(OutcomeName::Sent);
        forecast.filtered = count(OutcomeName::Filtered);
        forecast.refused = count(OutcomeName::Refused);
        forecast.retried = count(OutcomeName::Retried);
        forecast.calls.describe = forecast.described.len();
        forecast
    }

    /// Writes into each explanation which calls it shares.
    pub(super) fn share_out(&self, explanations: &mut [Explanation]) {
        for (index, org) in &self.events {
            let org = &self.orgs[*org];
            let explanation = &mut explanations[*index];
            let looks_up = explanation.records.iter().any(|record| {
                record
                    .lookup
                    .as_ref()
                    .is_some_and(|lookup| lookup.soql.is_some())
            });
            if let Some(calls) = &mut explanation.calls {
                if looks_up {
                    calls.lookup = org.lookup_calls;
                    calls.lookup_shared_by = org.looking_up;
                }
                if calls.write_descriptor > 0 {
                    calls.write_inline = org.inline_calls;
                    calls.write_inline_shared_by = org.writing;
                }
            }
        }
    }
}

impl OrgTally {
    async fn count(
        &mut self,
        pipeline: &Pipeline,
        questions: &Questions,
        view: &OrgView<'_>,
        forecast: &mut Forecast,
    ) {
        let salesforce = &pipeline.salesforce;
        let unopened = Session::unopened();
        let asked = match view {
            OrgView::Asked(org) => org.asked().ok(),
            OrgView::NotAsked(_) => None,
        };
        let instance = asked.map_or(unopened.instance(), |asked| asked.session.instance());
        let is_looked_up =
            |wanted: &&Wanted| asked.is_none_or(|asked| !asked.found.is_external_id(&wanted.key));
        let wanted = questions.wanted.iter().filter(is_looked_up).cloned();
        self.lookup_calls = salesforce.lookup_calls(instance, wanted.collect());
        self.inline_calls = 0;
        for part in self.writes.chunks(WRITES_AT_ONCE) {
            self.inline_calls += inline_calls(part).await;
        }
        let by_key = questions
            .wanted
            .iter()
            .filter(|wanted| !wanted.needs_record);
        let by_key = by_key.map(|wanted| wanted.key.object());
        let by_key = by_key.filter(|_| salesforce.upserts_collections());
        let objects = questions.objects.iter().map(String::as_str).chain(by_key);
        let org = questions.credentials.org();
        let objects = objects.map(|object| (org.to_owned(), object.to_ascii_lowercase()));
        let calls = &mut forecast.calls;
        calls.lookup += self.lookup_calls;
        calls.descriptor += self.lookup_calls + self.writes.len();
        calls.inline += self.lookup_calls + self.inline_calls;
        forecast.requests += self.writes.len();
        forecast.described.extend(objects);
        let figures = salesforce.limits().figures();
        let figures = figures
            .iter()
            .find(|figures| figures.org == instance.as_str());
        if let Some((figures, (used, allowed))) =
            figures.and_then(|figures| Some((figures, figures.used.zip(figures.allowed)?)))
        {
            forecast.limit.get_or_insert(ForecastLimit {
                org: figures.org.clone(),
                allowed,
                used,
                descriptor_percent: 0.0,
                inline_percent: 0.0,
            });
        }
    }
}
