//! The sessions of an org and the refused logins, for people. No part of a token or a password is in them.

use std::sync::Arc;

use serde::Serialize;

use super::{Tokens, error::AuthError};
use crate::{
    config::Flow,
    salesforce::{accepted::Accepted, session::Instance},
};

/// A session that the service has opened.
#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    /// The destination that has logged in.
    destination: String,
    /// How it logs in.
    flow: &'static str,
    /// Whether Salesforce has accepted its token since.
    accepted: bool,
}

/// A login that was refused lately.
#[derive(Debug)]
pub(crate) struct RefusedLoginView {
    /// The destination that logs in.
    pub(crate) destination: String,
    /// Its flow.
    pub(crate) flow: Flow,
    /// Why it was refused.
    pub(crate) error: Arc<AuthError>,
}

impl Tokens {
    /// The sessions of an org that are in use, ordered by destination.
    pub(in crate::salesforce) fn views(
        &self,
        org: &Instance,
        accepted: &Accepted,
    ) -> Vec<SessionView> {
        let sessions = self.fresh.iter();
        let sessions = sessions.filter(|(_, token)| token.session.instance() == org);
        let views = sessions.map(|(identity, token)| SessionView {
            destination: identity.destination().to_owned(),
            flow: identity.flow().name(),
            accepted: accepted.holds(token.session.authorization()),
        });
        let mut views: Vec<_> = views.collect();
        views.sort_by(|one, other| one.destination.cmp(&other.destination));
        views
    }

    /// The logins that were refused lately.
    pub(in crate::salesforce) fn refused_views(&self) -> Vec<RefusedLoginView> {
        let refused = self.refused.iter().map(|(key, error)| RefusedLoginView {
            destination: key.0.destination().to_owned(),
            flow: key.0.flow(),
            error,
        });
        refused.collect()
    }
}
