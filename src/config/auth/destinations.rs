//! Settings of single destinations, from variables whose names end in a destination id.
//!
//! `SALESFORCE_AUTH_<ID>`, `SALESFORCE_CLIENT_ID_<ID>` and so on. In the id, every character other than a letter or digit is
//! replaced with `_`. `_FILE` may precede or follow the id.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use super::{Credential, Flow, Setting, SettingError};
use crate::config::kubernetes::is_of_kubernetes;

const FLOW: &str = "SALESFORCE_AUTH";
const FILE: &str = "FILE";

/// The settings of single destinations, by destination id as spelled in variable names.
#[derive(Clone, Debug, Default)]
pub struct DestinationSettings(BTreeMap<String, DestinationSetting>);

/// The settings of one destination.
#[derive(Clone, Debug, Default)]
pub struct DestinationSetting {
    flow: Option<Flow>,
    parts: BTreeMap<Credential, Given>,
}

#[derive(Clone, Debug)]
struct Given {
    name: String,
    value: DestinationValue,
}

#[derive(Clone, Debug)]
enum DestinationValue {
    Text(SecretString),
    File(PathBuf),
}

/// The parts of a variable's name.
#[derive(Debug, PartialEq, Eq)]
struct Named<'n> {
    /// The credential; `None` for the flow (`SALESFORCE_AUTH`).
    part: Option<Credential>,
    is_file: bool,
    destination: &'n str,
}

/// Whether a variable of this name is a setting of one destination.
pub(in crate::config) fn is_of_destination(name: &str) -> bool {
    matches!(Named::read(name), Ok(Some(_)))
}

impl DestinationSettings {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// [`SettingError`] if a setting is invalid by itself, whatever the other settings are.
    pub fn read<'v>(
        variables: impl IntoIterator<Item = &'v (OsString, OsString)>,
    ) -> Result<Self, SettingError> {
        let mut destinations = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str() else {
                continue;
            };
            if let Some(named) = Named::read(name)? {
                let own = destinations.0.entry(named.destination.to_owned());
                own.or_default().set(name, &named, value)?;
            }
        }
        Ok(destinations)
    }

    /// The settings of a destination, by its id as spelled in variable names.
    #[must_use]
    pub fn of(&self, spelled: &str) -> Option<&DestinationSetting> {
        self.0.get(spelled)
    }

    /// The ids of the destinations with their own settings, for the log; `None` if there are none.
    #[must_use]
    pub fn names(&self) -> Option<String> {
        let ids: Vec<&str> = self.iter().map(|(id, _)| id).collect();
        (!ids.is_empty()).then(|| ids.join(","))
    }

    /// Each destination with its own settings.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DestinationSetting)> {
        self.0.iter().map(|(id, own)| (id.as_str(), own))
    }
}

impl DestinationSetting {
    /// The flow, if the destination has its own.
    #[must_use]
    pub fn flow(&self) -> Option<Flow> {
        self.flow
    }

    /// A credential, if the destination has its own.
    ///
    /// # Errors
    /// [`SettingError`] if its file cannot be read or is empty.
    pub fn part(&self, part: Credential) -> Result<Option<Setting>, SettingError> {
        let Some(Given { name, value }) = self.parts.get(&part) else {
            return Ok(None);
        };
        match value {
            DestinationValue::Text(text) => Ok(Setting::text(name, text.expose_secret())),
            DestinationValue::File(path) => Setting::file(name.clone(), path).map(Some),
        }
    }

    fn set(&mut self, name: &str, named: &Named<'_>, value: &OsString) -> Result<(), SettingError> {
        let text = || {
            let text = value.to_str();
            text.ok_or_else(|| SettingError::NotText(name.to_owned()))
        };
        let Some(part) = named.part else {
            let flow = Flow::from_str(text()?.trim(), false).map_err(|_| SettingError::Flow {
                setting: name.to_owned(),
            })?;
            self.flow = Some(flow);
            return Ok(());
        };
        let value = if named.is_file {
            DestinationValue::File(Path::new(value).to_owned())
        } else {
            DestinationValue::Text(SecretString::from(text()?))
        };
        let name = name.to_owned();
        match self.parts.insert(part, Given { name, value }) {
            None => Ok(()),
            Some(first) => Err(SettingError::Twice(
                first.name,
                self.parts[&part].name.clone(),
            )),
        }
    }
}

impl<'n> Named<'n> {
    /// Reads a name; `None` if it is not a setting of one destination.
    fn read(name: &'n str) -> Result<Option<Self>, SettingError> {
        // For example, a Kubernetes Service whose name begins with `salesforce-auth-`.
        if is_of_kubernetes(name) {
            return Ok(None);
        }
        let below = |setting: &str| name.strip_prefix(setting)?.strip_prefix('_');
        if let Some(destination) = below(FLOW) {
            return Self::of(name, None, false, destination).map(Some);
        }
        let found = Credential::ALL
            .into_iter()
            .find_map(|part| Some((part, below(part.setting())?)));
        let Some((part, rest)) = found.filter(|(_, rest)| *rest != FILE) else {
            return Ok(None);
        };
        let file = rest
            .strip_prefix("FILE_")
            .or_else(|| rest.strip_suffix("_FILE"));
        if part == Credential::JwtKey && file.is_none() {
            let right = format!("{}_FILE_{rest}", part.setting());
            return Err(SettingError::KeyFile(name.to_owned(), right));
        }
        Self::of(name, Some(part), file.is_some(), file.unwrap_or(rest)).map(Some)
    }

    fn of(
        name: &str,
        part: Option<Credential>,
        is_file: bool,
        destination: &'n str,
    ) -> Result<Self, SettingError> {
        if destination.is_empty() {
            return Err(SettingError::NoDestination(name.to_owned()));
        }
        Ok(Self {
            part,
            is_file,
            destination,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<DestinationSettings, String> {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect();
        DestinationSettings::read(&variables).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_says_the_part_the_destination_and_whether_it_is_a_file() {
        for (name, part, is_file, destination) in [
            ("SALESFORCE_AUTH_d1", None, false, "d1"),
            (
                "SALESFORCE_LOGIN_URL_d1",
                Some(Credential::LoginUrl),
                false,
                "d1",
            ),
            (
                "SALESFORCE_CLIENT_ID_d1",
                Some(Credential::ClientId),
                false,
                "d1",
            ),
            (
                "SALESFORCE_CLIENT_SECRET_FILE_d1",
                Some(Credential::ClientSecret),
                true,
                "d1",
            ),
            (
                "SALESFORCE_CLIENT_SECRET_d1_FILE",
                Some(Credential::ClientSecret),
                true,
                "d1",
            ),
            (
                "SALESFORCE_JWT_KEY_FILE_d_1",
                Some(Credential::JwtKey),
                true,
                "d_1",
            ),
            (
                "SALESFORCE_JWT_SUBJECT_d1",
                Some(Credential::JwtSubject),
                false,
                "d1",
            ),
        ] {
            let expected = Named {
                part,
                is_file,
                destination,
            };
            assert_eq!(Named::read(name).unwrap(), Some(expected), "{name}");
        }
    }

    #[test]
    fn settings_for_all_and_those_of_others_are_none_of_a_destination() {
        for name in [
            "SALESFORCE_AUTH",
            "SALESFORCE_CLIENT_SECRET_FILE",
            "SALESFORCE_JWT_KEY_FILE",
            "SALESFORCE_SANDBOX_LOGIN_URL",
            "SALESFORCE_CLIENT_IDENTITY",
            "SALESFORCE_AUTH_PROXY_SERVICE_HOST",
            "SALESFORCE_AUTH_PROXY_PORT_80_TCP",
            "PATH",
        ] {
            assert_eq!(Named::read(name).unwrap(), None, "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (variables, words) in [
            (
                &[("SALESFORCE_AUTH_d1", "hunter2")][..],
                "SALESFORCE_AUTH_d1 must be password",
            ),
            (&[("SALESFORCE_AUTH_", "password")], "names no destination"),
            (
                &[("SALESFORCE_JWT_KEY_d1", "hunter2")],
                "SALESFORCE_JWT_KEY_FILE_d1",
            ),
            (
                &[
                    ("SALESFORCE_CLIENT_ID_d1", "hunter2"),
                    ("SALESFORCE_CLIENT_ID_FILE_d1", "/x"),
                ],
                "SALESFORCE_CLIENT_ID_d1 and SALESFORCE_CLIENT_ID_FILE_d1",
            ),
        ] {
            let error = read(variables).unwrap_err();
            assert!(
                error.contains(words) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn secrets_are_never_printed() {
        let read = read(&[("SALESFORCE_CLIENT_SECRET_d1", "hunter2")]).unwrap();
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}
