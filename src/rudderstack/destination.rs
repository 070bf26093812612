//! A destination, from rudder-server's workspace configuration or from the service's own settings.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::{Login, OWN_DESTINATION},
    json::{Object, Value},
    rudderstack::ReadError,
};

/// The three destinations that this service handles, by the name in the path, in `destType` and in the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DestinationName {
    /// `salesforce`: user name, password and security token.
    Salesforce,
    /// `salesforce_oauth`: a secret from RudderStack's OAuth.
    SalesforceOauth,
    /// `salesforce_oauth_sandbox`: the same, for sandboxes.
    SalesforceOauthSandbox,
}

impl DestinationName {
    /// The destination called `name`, ignoring letter case and surrounding whitespace. Only the three full names match:
    /// `salesforce_bulk_upload` is another destination.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "salesforce" => Some(Self::Salesforce),
            "salesforce_oauth" => Some(Self::SalesforceOauth),
            "salesforce_oauth_sandbox" => Some(Self::SalesforceOauthSandbox),
            _ => None,
        }
    }

    /// The name in upper case, as definitions and `statTags.destType` spell it.
    #[must_use]
    pub fn upper(self) -> &'static str {
        match self {
            Self::Salesforce => "SALESFORCE",
            Self::SalesforceOauth => "SALESFORCE_OAUTH",
            Self::SalesforceOauthSandbox => "SALESFORCE_OAUTH_SANDBOX",
        }
    }

    /// Whether the destination authorises with an OAuth secret instead of a login of its own.
    #[must_use]
    pub fn needs_secret(self) -> bool {
        match self {
            Self::Salesforce => false,
            Self::SalesforceOauth | Self::SalesforceOauthSandbox => true,
        }
    }
}

/// A destination: where its events go and how they are mapped.
#[derive(Debug)]
pub struct Destination {
    /// `ID`; empty if the configuration has none.
    pub id: String,
    /// `DestinationDefinition.Name` as received; empty if there is none.
    pub definition: String,
    /// Which of the three destinations it is.
    pub name: DestinationName,
    /// `DestinationDefinition.DisplayName`, trimmed: the destination's key in an event's `integrations`.
    pub display_name: String,
    /// User name and password.
    pub login: Login,
    /// `Config.mapProperties`: with `Some(false)`, Lead and Contact traits are sent unmapped.
    pub map_properties: Option<bool>,
    /// `Config.mapProperty`, the older name of the same switch; any value that JavaScript treats as false turns mapping
    /// off.
    pub map_property: Option<bool>,
    /// `Config.useContactId`: the event of a converted lead updates its contact.
    pub use_contact_id: bool,
}

impl Destination {
    /// Parses the `destination` of an entry. A definition that names none of the three is treated as `route`.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] names the missing part: the destination, its definition or its `Config`.
    pub fn read(destination: Option<Value<'_>>, route: DestinationName) -> Result<Self, ReadError> {
        let missing = |what| ReadError::Incomplete { missing: what };
        let destination = destination
            .and_then(Value::as_object)
            .ok_or(missing("destination"))?;
        let part = |name| destination.get(name).and_then(Value::as_object);
        let definition =
            part("DestinationDefinition").ok_or(missing("destination.DestinationDefinition"))?;
        let config = part("Config").ok_or(missing("destination.Config"))?;
        let id = text(destination, "ID");
        let name = DestinationName::parse(&text(definition, "Name")).unwrap_or(route);
        Ok(Self {
            definition: text(definition, "Name").into_owned(),
            display_name: text(definition, "DisplayName").trim().to_owned(),
            ..Self::of_config(&id, name, config)
        })
    }

    /// A destination of which only the `Config` is known, as at the delivery proxy.
    #[must_use]
    pub fn of_config(id: &str, name: DestinationName, config: Object<'_>) -> Self {
        Self {
            id: id.to_owned(),
            name,
            definition: name.upper().to_owned(),
            display_name: String::new(),
            login: Login::read(config),
            map_properties: config
                .get("mapProperties")
                .map(|value| value.json() != "false"),
            map_property: config.get("mapProperty").map(Value::is_truthy),
            use_contact_id: config.get("useContactId").is_some_and(Value::is_truthy),
        }
    }

    /// The service's own destination, for events that do not have one.
    #[must_use]
    pub fn own(login: Login) -> Self {
        Self {
            id: OWN_DESTINATION.to_owned(),
            definition: DestinationName::Salesforce.upper().to_owned(),
            name: DestinationName::Salesforce,
            display_name: "Salesforce".to_owned(),
            login,
            map_properties: None,
            map_property: None,
            use_contact_id: false,
        }
    }
}

impl Destination {
    /// Whether two destinations use the same login. The login of one destination may differ between events, because its
    /// templates are resolved for each.
    #[must_use]
    pub fn logs_in_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.login, &other.login);
        self.id == other.id
            && (&ours.username, ours.sandbox) == (&theirs.username, theirs.sandbox)
            && ours.password.expose_secret() == theirs.password.expose_secret()
    }
}

impl Login {
    fn read(config: Object<'_>) -> Self {
        let password = text(config, "password").into_owned() + &text(config, "initialAccessToken");
        Self {
            username: text(config, "userName").into_owned(),
            password: SecretString::from(password),
            sandbox: config.get("sandbox").is_some_and(Value::is_truthy),
        }
    }
}

/// A string or number as text; empty for any other value.
fn text<'a>(object: Object<'a>, key: &str) -> Cow<'a, str> {
    object
        .get(key)
        .and_then(Value::as_text_or_number)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::value;

    fn read(json: &str) -> Result<Destination, ReadError> {
        Destination::read(Some(value(json)), DestinationName::Salesforce)
    }

    #[test]
    fn only_the_three_exact_names_are_ours() {
        assert_eq!(
            DestinationName::parse(" SALESFORCE "),
            Some(DestinationName::Salesforce)
        );
        assert_eq!(DestinationName::parse("salesforce_bulk_upload"), None);
        assert_eq!(DestinationName::parse("salesforce_marketing_cloud"), None);
    }

    #[test]
    fn reads_the_capitalised_names_of_the_workspace_configuration() {
        let destination = read(
            r#"{"ID":"d1","DestinationDefinition":{"Name":"SALESFORCE","DisplayName":" Salesforce V2 "},
                "Config":{"userName":"u","password":"p","initialAccessToken":"t","sandbox":true,"mapProperties":false,"useContactId":true}}"#,
        )
        .unwrap();
        assert_eq!(
            (destination.id.as_str(), destination.display_name.as_str()),
            ("d1", "Salesforce V2")
        );
        assert_eq!(
            (
                destination.login.username.as_str(),
                destination.login.password.expose_secret()
            ),
            ("u", "pt")
        );
        assert_eq!(
            (
                destination.login.sandbox,
                destination.map_properties,
                destination.use_contact_id
            ),
            (true, Some(false), true)
        );
    }

    #[test]
    fn names_what_is_missing() {
        for (json, missing) in [
            ("null", "destination"),
            (r#"{"Config":{}}"#, "destination.DestinationDefinition"),
            (
                r#"{"DestinationDefinition":{},"Config":null}"#,
                "destination.Config",
            ),
        ] {
            assert_eq!(
                read(json).unwrap_err().to_string(),
                ReadError::Incomplete { missing }.to_string()
            );
        }
    }

    #[test]
    fn debug_shows_neither_user_nor_password() {
        let login = Login {
            username: "jane".to_owned(),
            password: "hunter2".into(),
            sandbox: false,
        };
        assert_eq!(format!("{login:?}"), "Login { sandbox: false, .. }");
    }
}
