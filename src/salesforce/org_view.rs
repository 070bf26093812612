//! The state of each org, for people: its API calls, sessions, descriptions, and what is held back.

use std::time::{Instant, SystemTime};

use serde::Serialize;

use super::{
    Salesforce,
    auth::{RefusedLoginView, SessionView},
    describe::DescribeView,
    limits::{Figures, Sample},
    session::Instance,
};

/// The state of one org.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrgView {
    /// As in `GET /limits`.
    #[serde(flatten)]
    figures: Figures,
    /// The sessions that the service has opened itself.
    sessions: Vec<SessionView>,
    /// The objects that were described.
    describes: Vec<DescribeView>,
    held_back: HeldBack,
    /// The calls over the last hours, the oldest sample first.
    history: Vec<Sample>,
}

/// How many samples an answer has at most, about 4 MiB. The samples of more orgs are thinned.
const MAX_SAMPLES: usize = 36_000;

/// What is not sent at present, because the calls that are left are reserved.
#[derive(Debug, Serialize)]
struct HeldBack {
    creates: bool,
    updates: bool,
}

impl Salesforce {
    /// The state of each org that was called, ordered by address.
    pub(crate) fn org_views(&self) -> Vec<OrgView> {
        let figures = self.limits.figures_of_orgs().into_iter();
        let step = self.limits.sample_step(MAX_SAMPLES);
        figures
            .map(|(org, figures)| self.org_view(&org, figures, step))
            .collect()
    }

    /// Adds a sample of each org's API calls to its history.
    pub(crate) fn sample_orgs(&self, time: SystemTime) {
        self.limits.sample(time);
    }

    /// The state of an org, with each `step`th sample of its history.
    fn org_view(&self, org: &Instance, figures: Figures, step: usize) -> OrgView {
        let spares = self.limits.spares(org);
        OrgView {
            figures,
            sessions: self.tokens.views(org, self.client.accepted()),
            describes: self.describes.views(org, Instant::now()),
            held_back: HeldBack {
                creates: spares.write(true).is_err(),
                updates: spares.write(false).is_err(),
            },
            history: self.limits.history(org, step),
        }
    }

    /// The logins that were refused within `REFUSED_LOGIN_TTL`.
    pub(crate) fn refused_logins(&self) -> Vec<RefusedLoginView> {
        self.tokens.refused_views()
    }
}
