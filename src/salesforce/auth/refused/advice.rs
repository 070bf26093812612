//! Advice on how to fix a refused login.

use super::Cause;
use crate::config::Flow;

impl Cause {
    /// How to fix this cause for this flow.
    pub(super) fn advice(self, flow: Flow) -> &'static str {
        match self {
            Self::Credentials | Self::Unknown => credentials(flow),
            Self::UnknownApp => {
                "the org has no app with this consumer key: set SALESFORCE_CLIENT_ID to the consumer key of an app that is installed in \
                the org. A new app takes up to ten minutes to become available"
            }
            Self::WrongSecret => {
                "set SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET to the consumer key and secret of the same app"
            }
            Self::AppBlocked => {
                "an administrator has blocked the app: unblock it in Setup, Connected Apps OAuth Usage"
            }
            Self::NotApproved => {
                "the user is not approved for the app: in the app's OAuth policies, set Permitted Users to \"Admin approved users are \
                pre-authorized\" and select a profile or permission set of the user"
            }
            Self::FlowDisabled => disabled(flow),
            Self::NoRunAsUser => {
                "the app has no \"Run As\" user: in its policies, enable the client credentials flow and set \"Run As\" to an active user \
                with the permission \"API Enabled\""
            }
            Self::NoScope => {
                "the app lacks a scope: add \"Manage user data via APIs (api)\" to its OAuth scopes"
            }
            Self::WrongHost | Self::WrongAudience => {
                "set SALESFORCE_LOGIN_URL (SALESFORCE_SANDBOX_LOGIN_URL for sandboxes) to the org's My Domain, such as \
                 https://acme.my.salesforce.com"
            }
            Self::Assertion => {
                "Salesforce does not accept the assertion: check that the certificate uploaded to the app matches \
                SALESFORCE_JWT_KEY_FILE, that SALESFORCE_JWT_SUBJECT is a user name of this org, and that this machine's clock is right"
            }
            Self::Restricted => {
                "the user may not log in from this IP address or at this time: add the address to the Login IP Ranges of the user's \
                profile, relax the IP restrictions in the app's policies, or change the profile's Login Hours"
            }
            Self::InactiveUser => {
                "the user is inactive, frozen or locked: activate or unlock the user in Setup, Users"
            }
            Self::InactiveOrg => {
                "the org is locked, closed or suspended: check the login host (SALESFORCE_LOGIN_URL), or contact Salesforce"
            }
            Self::NoApi => {
                "the org's edition has no API access: use Enterprise, Performance, Unlimited or Developer Edition, or Professional with the API add-on"
            }
            Self::Overtaken => "another login of the same user came first: the service tries again",
            Self::Request => {
                "Salesforce rejects the request as malformed: check SALESFORCE_LOGIN_URL (https); if it is right, report this as a bug"
            }
        }
    }
}

fn credentials(flow: Flow) -> &'static str {
    match flow {
        Flow::Password => {
            "check the user name, the password, the security token (each new password brings a new one) and the choice of sandbox or \
            production; that the user's profile has \"API Enabled\"; that the org's edition has API access (Enterprise, Performance, \
            Unlimited, Developer, or Professional with the API add-on); and SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET. An org \
            that no longer accepts password logins, which Salesforce retires on 2027-02-20, sends the same error: set \
            SALESFORCE_AUTH to client-credentials or jwt-bearer"
        }
        Flow::ClientCredentials => {
            "check SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET and SALESFORCE_LOGIN_URL, that the client credentials flow is \
            enabled in the app's settings and in its policies, and that its \"Run As\" user is active and has \"API Enabled\""
        }
        Flow::JwtBearer => {
            "check SALESFORCE_CLIENT_ID and SALESFORCE_LOGIN_URL, that SALESFORCE_JWT_SUBJECT is an active user of this org who has \
            \"API Enabled\" and is approved for the app, and that the app has the certificate for SALESFORCE_JWT_KEY_FILE"
        }
    }
}

fn disabled(flow: Flow) -> &'static str {
    match flow {
        Flow::Password => {
            "the org does not accept password logins, which Salesforce retires for all orgs on 2027-02-20: set SALESFORCE_AUTH to \
            client-credentials or jwt-bearer"
        }
        Flow::ClientCredentials => {
            "the app does not allow the flow: enable the client credentials flow in its settings (Flow Enablement) and in its policies"
        }
        Flow::JwtBearer => {
            "the app does not allow the flow: enable the JWT bearer flow in its settings (Flow Enablement) and upload the certificate"
        }
    }
}
