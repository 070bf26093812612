//! How each destination logs in, combined from the settings and checked at the start.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::{
    AllowedHosts, AuthSettings, Credential, DestinationSettings, Flow, Login, Setting,
    SettingError, auth::assertion, spelled,
};

/// Salesforce's own login hosts, which support the password and jwt-bearer flows only.
const SHARED_HOSTS: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];

/// How destinations without an OAuth secret log in.
#[derive(Debug)]
pub struct Authorisations {
    all: Authorisation,
    /// The destinations with their own settings, by id as spelled in variable names.
    single: HashMap<String, Authorisation>,
}

/// How a destination logs in.
#[derive(Clone, Debug)]
pub struct Authorisation {
    pub(crate) flow: Flow,
    login_url: Option<Arc<Setting>>,
    sandbox_login_url: Option<Arc<Setting>>,
    client_id: Option<Arc<Setting>>,
    client_secret: Option<Arc<Setting>>,
    jwt_key: Option<Arc<Setting>>,
    jwt_subject: Option<Arc<Setting>>,
    /// The hosts to which a login may be sent without encryption.
    hosts: Arc<AllowedHosts>,
}

impl Authorisations {
    /// Combines the settings of single destinations with those for all destinations. A login over plain http is allowed only
    /// to `hosts`.
    ///
    /// # Errors
    /// [`SettingError`] if a setting that a flow needs is missing, or a setting is invalid.
    pub fn new(settings: &AuthSettings, hosts: &AllowedHosts) -> Result<Self, SettingError> {
        let all = Authorisation::of_all(settings, hosts)?;
        all.check(None)?;
        let single = of_destinations(&all, &settings.destinations)?;
        Ok(Self { all, single })
    }

    /// How a destination logs in.
    #[must_use]
    pub fn of(&self, destination: &str) -> &Authorisation {
        if self.single.is_empty() {
            return &self.all;
        }
        self.single.get(&spelled(destination)).unwrap_or(&self.all)
    }

    /// Rereads the file of each setting, and logs the results and any new error in the settings.
    pub fn reread(&self) {
        let single = self.single.iter().map(|(id, own)| (Some(id.as_str()), own));
        let each = || std::iter::once((None, &self.all)).chain(single.clone());
        let settings: BTreeMap<&str, &Setting> = each()
            .flat_map(|(_, authorisation)| authorisation.settings())
            .map(|setting| (setting.name(), setting))
            .collect();
        for setting in settings.values() {
            setting.reread();
        }
        for (destination, authorisation) in each() {
            if let Err(error) = authorisation.check(destination) {
                tracing::error!(%error, "logins fail until this setting is corrected");
            }
        }
    }
}

fn of_destinations(
    all: &Authorisation,
    destinations: &DestinationSettings,
) -> Result<HashMap<String, Authorisation>, SettingError> {
    let mut single = HashMap::new();
    for (id, own) in destinations.iter() {
        let part = |part| Ok::<_, SettingError>(own.part(part)?.map(Arc::new));
        let login_url = part(Credential::LoginUrl)?;
        let all = all.clone();
        let authorisation = Authorisation {
            flow: own.flow().unwrap_or(all.flow),
            sandbox_login_url: login_url.clone().or(all.sandbox_login_url),
            login_url: login_url.or(all.login_url),
            client_id: part(Credential::ClientId)?.or(all.client_id),
            client_secret: part(Credential::ClientSecret)?.or(all.client_secret),
            jwt_key: part(Credential::JwtKey)?.or(all.jwt_key),
            jwt_subject: part(Credential::JwtSubject)?.or(all.jwt_subject),
            hosts: all.hosts,
        };
        authorisation.check(Some(id))?;
        single.insert(id.to_owned(), authorisation);
    }
    Ok(single)
}

impl Authorisation {
    fn of_all(settings: &AuthSettings, hosts: &AllowedHosts) -> Result<Self, SettingError> {
        let part = |part| Ok::<_, SettingError>(settings.part(part)?.map(Arc::new));
        Ok(Self {
            flow: settings.salesforce_auth,
            login_url: part(Credential::LoginUrl)?,
            sandbox_login_url: settings.sandbox_login_url().map(Arc::new),
            client_id: part(Credential::ClientId)?,
            client_secret: part(Credential::ClientSecret)?,
            jwt_key: part(Credential::JwtKey)?,
            jwt_subject: part(Credential::JwtSubject)?,
            hosts: Arc::new(hosts.clone()),
        })
    }

    fn settings(&self) -> impl Iterator<Item = &Setting> {
        let hosts = [&self.login_url, &self.sandbox_login_url];
        let app = [&self.client_id, &self.client_secret];
        let assertion = [&self.jwt_key, &self.jwt_subject];
        let all = hosts.into_iter().chain(app).chain(assertion);
        all.filter_map(Option::as_deref)
    }

    /// Checks that all settings that the flow needs are there and valid.
    fn check(&self, destination: Option<&str>) -> Result<(), SettingError> {
        self.host(false)?;
        self.host(true)?;
        match self.flow {
            // All of them are optional: some orgs accept a login without an app.
            Flow::Password => Ok(()),
            Flow::ClientCredentials => {
                self.need(Credential::ClientId, destination)?;
                self.need(Credential::ClientSecret, destination)?;
                self.check_my_domain()
            }
            Flow::JwtBearer => {
                self.need(Credential::ClientId, destination)?;
                self.need(Credential::JwtSubject, destination)?;
                let key = self.need(Credential::JwtKey, destination)?;
                assertion::check_key(key)
            }
        }
    }

    fn check_my_domain(&self) -> Result<(), SettingError> {
        let is_shared = |host: &Url| {
            host.host_str()
                .is_some_and(|host| SHARED_HOSTS.contains(&host))
        };
        match &self.login_url {
            Some(setting) if is_shared(&self.host(false)?) => Err(SettingError::MyDomain {
                setting: setting.name().to_owned(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether there are credentials to log in with: the app's in the settings, or the user's in the destination.
    pub(crate) fn can_log_in(&self, login: &Login) -> bool {
        match self.flow {
            Flow::Password => {
                !login.username.is_empty() && !login.password.expose_secret().is_empty()
            }
            Flow::ClientCredentials | Flow::JwtBearer => true,
        }
    }

    /// The login host. Its scheme is https, or http if `SALESFORCE_ALLOWED_HOSTS` contains it with this scheme.
    pub(crate) fn host(&self, sandbox: bool) -> Result<Url, SettingError> {
        let setting = if sandbox {
            &self.sandbox_login_url
        } else {
            &self.login_url
        };
        let name = setting
            .as_ref()
            .map_or(Credential::LoginUrl.setting(), |set| set.name());
        let text = setting.as_ref().map(|set| set.current());
        let url = text.and_then(|text| Url::parse(text.expose_secret()).ok());
        let is_host = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
        };
        let url = url
            .filter(is_host)
            .ok_or_else(|| SettingError::LoginUrl(name.to_owned()))?;
        if url.scheme() == "https" || self.hosts.allow(&url) {
            Ok(url)
        } else {
            Err(SettingError::PlainLogin(name.to_owned()))
        }
    }

    /// The current value of a setting; `None` if it is not set.
    pub(crate) fn current(&self, part: Credential) -> Option<SecretString> {
        self.setting(part).map(Setting::current)
    }

    /// A setting that the flow needs.
    pub(crate) fn need(
        &self,
        part: Credential,
        destination: Option<&str>,
    ) -> Result<&Setting, SettingError> {
        self.setting(part).ok_or_else(|| SettingError::Missing {
            flow: self.flow,
            destination: destination.map(ToOwned::to_owned),
            setting: match part {
                Credential::JwtKey => format!("{}_FILE", part.setting()),
                Credential::LoginUrl
                | Credential::ClientId
                | Credential::ClientSecret
                | Credential::JwtSubject => {
                    format!("{0} or {0}_FILE", part.setting())
                }
            },
        })
    }

    fn setting(&self, part: Credential) -> Option<&Setting> {
        let setting = match part {
            Credential::LoginUrl => &self.login_url,
            Credential::ClientId => &self.client_id,
            Credential::ClientSecret => &self.client_secret,
            Credential::JwtKey => &self.jwt_key,
            Credential::JwtSubject => &self.jwt_subject,
        };
        setting.as_deref()
    }
}

#[cfg(test)]
mod tests;
