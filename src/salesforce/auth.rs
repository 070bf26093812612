//! Turns credentials into a session. An OAuth secret is used as it is; the token of a login is cached and renewed.

mod ending;
mod error;
mod grant;
mod redaction;
pub(crate) mod refused;
mod token;
mod view;

use std::{
    fmt,
    hash::RandomState,
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{Expiry, future::Cache};
use reqwest::Method;
use secrecy::ExposeSecret;

pub use self::error::AuthError;
pub(crate) use self::view::RefusedLoginView;
pub(super) use self::view::SessionView;
use self::{
    ending::Warning,
    grant::{DestinationLogin, Identity, TokenForm},
    redaction::redacted,
    token::Keeping,
};
pub use self::{refused::Refused, token::opened};
use crate::{
    config::{
        AllowedHosts, AuthSettings, Authorisations, Flow, Login, RefusedLogin, SalesforceSettings,
        SettingError,
    },
    metrics::Call,
    salesforce::{
        client::Client,
        credentials::Credentials,
        session::{Instance, Session},
    },
    shared_state::KeyedHash,
};

/// The maximum number of cached tokens, far more than the destinations of one service.
const MAX_TOKENS: u64 = 10_000;

/// The sessions of logins.
pub(super) struct Tokens {
    authorisations: Authorisations,
    fresh: Cache<Identity, Token>,
    /// The last token of each identity, used while no new one can be obtained.
    last: Cache<Identity, Token>,
    /// Recently refused logins, and logins whose tokens were refused, by the fingerprint of the proof used.
    refused: Cache<(Identity, u64), Arc<AuthError>>,
    /// The identities whose tokens were refused recently.
    evicted: Cache<Identity, ()>,
    fingerprints: RandomState,
    /// Tells users apart, as all replicas that share a store do.
    identities: KeyedHash,
    /// The users whose sessions were opened here, by the fingerprint of the session: whoever brings a session need not bring the
    /// login.
    users: moka::sync::Cache<u64, u64>,
    hosts: AllowedHosts,
    keeping: Keeping,
    policy: RefusedLogin,
    refused_ttl: Duration,
    warning: Warning,
}

/// A cached token.
#[derive(Clone)]
struct Token {
    session: Arc<Session>,
    /// How long the token is used before a new one is requested.
    renewal: Duration,
    /// When the token is no longer worth trying.
    end: Option<Instant>,
    /// The fingerprint of what proved the login.
    proof: u64,
}

/// Cache expiry: a token is cached until it is due for renewal.
struct UntilRenewal;

impl Expiry<Identity, Token> for UntilRenewal {
    fn expire_after_create(&self, _: &Identity, token: &Token, _: Instant) -> Option<Duration> {
        Some(token.renewal)
    }
}

impl Tokens {
    /// Starts without any cached token. Users are told apart by `identities`.
    ///
    /// # Errors
    /// [`SettingError`] if the login settings are invalid.
    pub(super) fn new(
        settings: &SalesforceSettings,
        identities: KeyedHash,
    ) -> Result<Self, SettingError> {
        let AuthSettings {
            token_ttl: ttl,
            token_margin: margin,
            refused_login: policy,
            refused_login_ttl: refused_ttl,
            ..
        } = settings.auth;
        let at_most = |ttl: Duration| ttl.max(Duration::from_nanos(1));
        Ok(Self {
            authorisations: Authorisations::new(&settings.auth, &settings.allowed_hosts)?,
            fresh: Cache::builder()
                .max_capacity(MAX_TOKENS)
                .expire_after(UntilRenewal)
                .build(),
            last: Cache::new(MAX_TOKENS),
            refused: Cache::builder()
                .max_capacity(MAX_TOKENS)
                .time_to_live(at_most(refused_ttl))
                .build(),
            evicted: Cache::builder()
                .max_capacity(MAX_TOKENS)
                .time_to_live(at_most(refused_ttl.saturating_mul(2)))
                .build(),
            fingerprints: RandomState::new(),
            identities,
            users: moka::sync::Cache::new(MAX_TOKENS),
            hosts: settings.allowed_hosts.clone(),
            keeping: Keeping { ttl, margin },
            policy,
            refused_ttl,
            warning: Warning::default(),
        })
    }

    /// Reads the files of the login settings again.
    pub(super) fn reread(&self) {
        self.authorisations.reread();
    }

    /// Opens a session. Concurrent callers that need the same token share one login, and also its failure.
    pub(super) async fn session(
        &self,
        client: &Client,
        credentials: &Credentials,
    ) -> Result<Arc<Session>, Arc<AuthError>> {
        let opened = match credentials {
            Credentials::Secret(secret) => Instance::new(&secret.instance_url, &self.hosts)
                .map_err(|error| Arc::new(error.into()))
                .map(|instance| {
                    let token = secret.access_token.expose_secret();
                    (Arc::new(Session::new(instance, token)), "secret")
                }),
            Credentials::Login { destination, login } => {
                self.logged_in(client, destination, login).await
            }
        };
        let outcome = opened.as_ref().map_or_else(
            |error: &Arc<AuthError>| error.label(),
            |(_, source)| *source,
        );
        client.metrics().session(outcome);
        opened.map(|(session, _)| session)
    }

    /// Returns the session of a login, and whether it was cached.
    async fn logged_in(
        &self,
        client: &Client,
        destination: &str,
        login: &Login,
    ) -> Result<(Arc<Session>, &'static str), Arc<AuthError>> {
        let login = DestinationLogin {
            authorisation: self.authorisations.of(destination),
            destination,
            login,
            fingerprints: &self.fingerprints,
        };
        let identity = login
            .identity()
            .map_err(|error| Arc::new(AuthError::from(error)))?;
        let renewed = self.renewed(client, &login, &identity);
        let entry = self.fresh.entry_by_ref(&identity);
        let entry = entry.or_try_insert_with(renewed).await;
        let entry = entry.map_err(|error: Arc<Arc<AuthError>>| Arc::clone(&*error))?;
        let source = if entry.is_fresh() { "login" } else { "cached" };
        Ok((entry.into_value().session, source))
    }

    /// Identifies the user of a session: by the login, which is the same for all of its sessions and destinations, or by the session,
    /// as far as it alone tells.
    pub(super) fn user(&self, credentials: Option<&Credentials>, session: &Session) -> u64 {
        let of_login = credentials.and_then(|credentials| self.user_of_login(credentials));
        of_login.unwrap_or_else(|| {
            let fingerprint = session.fingerprint(self.identities);
            self.users.get(&fingerprint).unwrap_or(fingerprint)
        })
    }

    fn user_of_login(&self, credentials: &Credentials) -> Option<u64> {
        let Credentials::Login { destination, login } = credentials else {
            return None;
        };
        let login = DestinationLogin {
            authorisation: self.authorisations.of(destination),
            destination,
            login,
            fingerprints: &self.fingerprints,
        };
        login.user(self.identities)
    }

    /// Whether there are credentials to log in with.
    pub(super) fn can_log_in(&self, destination: &str, login: &Login) -> bool {
        self.authorisations.of(destination).can_log_in(login)
    }

    /// Discards the session of a token that Salesforce no longer accepts. A newer session that has replaced it is kept.
    pub(super) async fn evict(&self, client: &Client, authorization: &str) {
        let was_accepted = client.accepted().holds(authorization);
        let expired: Vec<_> = [&self.last, &self.fresh]
            .into_iter()
            .flat_map(Cache::iter)
            .filter(|(_, token)| token.session.authorization() == authorization)
            .collect();
        for (identity, token) in expired {
            let removed = [
                self.fresh.remove(&*identity).await,
                self.last.remove(&*identity).await,
            ];
            // If several callers discard the same token, only the first has a decision to make.
            if removed.iter().all(Option::is_none) {
                continue;
            }
            if !was_accepted {
                self.doubt(&identity, token.proof).await;
            }
            self.evicted.insert((*identity).clone(), ()).await;
        }
    }

    /// Handles a token that is refused before it was ever accepted. If it has replaced another refused token, a further
    /// one would fare no better, so no login is tried for `REFUSED_LOGIN_TTL`.
    async fn doubt(&self, identity: &Identity, proof: u64) {
        if self.evicted.contains_key(identity) {
            let error = Arc::new(AuthError::Unaccepted(self.refused_ttl));
            self.hold_back(identity.clone(), proof, error).await;
        }
    }

    /// Blocks logins with the same proof for `REFUSED_LOGIN_TTL`.
    async fn hold_back(&self, identity: Identity, proof: u64, error: Arc<AuthError>) {
        if !self.refused_ttl.is_zero() {
            self.refused.insert((identity, proof), error).await;
        }
    }

    /// Requests a new token. If that fails, falls back to the last one for as long as it may still be valid.
    async fn renewed(
        &self,
        client: &Client,
        login: &DestinationLogin<'_>,
        identity: &Identity,
    ) -> Result<Token, Arc<AuthError>> {
        let error = match self.log_in(client, login, identity).await {
            Ok(token) => {
                if let Some(user) = login.user(self.identities) {
                    let session = token.session.fingerprint(self.identities);
                    self.users.insert(session, user);
                }
                self.last.insert(identity.clone(), token.clone()).await;
                return Ok(token);
            }
            Err(error) => error,
        };
        let last = self.last.get(identity).await;
        let is_worth_a_try = |token: &Token| token.end.is_none_or(|end| Instant::now() < end);
        let Some(last) = last.filter(is_worth_a_try) else {
            return Err(error);
        };
        tracing::warn!(
            destination = identity.destination(),
            reason = error.label(),
            "the token could not be renewed; the previous one is used as long as Salesforce accepts it"
        );
        Ok(Token {
            renewal: self.refused_ttl,
            ..last
        })
    }

    /// Logs in. If another login has overtaken this one, or a secret has been replaced in the meantime, the login is
    /// tried once more.
    async fn log_in(
        &self,
        client: &Client,
        login: &DestinationLogin<'_>,
        identity: &Identity,
    ) -> Result<Token, Arc<AuthError>> {
        let proof = login.proof();
        let first = self.log_in_by(client, login, identity, proof).await;
        match first {
            Err(error) if error.is_overtaken() || login.proof() != proof => {
                self.log_in_by(client, login, identity, login.proof()).await
            }
            first => first,
        }
    }

    /// Logs in, unless a login with the same proof was refused recently.
    async fn log_in_by(
        &self,
        client: &Client,
        login: &DestinationLogin<'_>,
        identity: &Identity,
        proof: u64,
    ) -> Result<Token, Arc<AuthError>> {
        let key = (identity.clone(), proof);
        if let Some(refused) = self.refused.get(&key).await {
            return Err(refused);
        }
        let form = login.form(identity).map_err(AuthError::from)?;
        let error = match self.request(client, identity, proof, &form).await {
            Ok(token) => return Ok(token),
            Err(error) => Arc::new(error),
        };
        if matches!(*error, AuthError::Refused(_)) && !error.is_overtaken() {
            let (identity, proof) = key;
            self.hold_back(identity, proof, Arc::clone(&error)).await;
        }
        Err(error)
    }

    async fn request(
        &self,
        client: &Client,
        identity: &Identity,
        proof: u64,
        form: &TokenForm,
    ) -> Result<Token, AuthError> {
        if identity.flow() == Flow::Password {
            self.warning.password_login(identity.destination());
        }
        let parameters: Vec<_> = form
            .parameters
            .iter()
            .map(|(name, value)| (*name, value.expose_secret()))
            .collect();
        let request = client
            .request(Method::POST, &identity.token_url())
            .header("Accept", "application/json")
            .form(&parameters);
        let asked = Instant::now();
        let body = client
            .send(Call::Token, None, request)
            .await
            .map_err(|fault| redacted(AuthError::of(fault, identity.flow(), self.policy), form))?;
        let (session, lifetime) = opened(&body, &self.hosts)?;
        client.logged_in(session.instance());
        Ok(Token {
            session: Arc::new(session),
            renewal: self.keeping.renewal(lifetime),
            end: self.keeping.end(lifetime, asked),
            proof,
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("cached", &self.fresh.entry_count())
            .finish_non_exhaustive()
    }
}
