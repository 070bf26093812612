//! Advice on how to fix a refused login.

use super::Cause;
use crate::config::Flow;

impl Cause {
    /// How to fix this cause for this flow.
    pub(super) fn advice(self, flow: Flow) -> &'static str {
        match self {
            Self::Credentials | Self::Unknown => credentials(flow),
            Self::UnknownApp => {
                "the org has no app with this consumer key: set SALESFORCE_CLIENT_ID to that of an app which is installed in the org; \
                 a new app is known after up to ten minutes"
            }
            Self::WrongSecret => {
                "set SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET to the consumer key and secret of the same app"
            }
            Self::AppBlocked => {
                "an administrator has blocked the app: unblock it in Setup, Connected Apps OAuth Usage"
            }
            Self::NotApproved => {
                "the user is not approved for the app: in the app's OAuth policies, let Permitted Users be \"Admin approved users are \
                 pre-authorized\", and select a profile or permission set of the user"
            }
            Self::FlowDisabled => disabled(flow),
            Self::NoRunAsUser => {
                "the app names no user: in its policies, enable the client credentials flow and give \"Run As\" the user name of an \
                 active user with \"API Enabled\""
            }
            Self::NoScope => {
                "the app lacks a scope: add \"Manage user data via APIs (api)\" to its OAuth scopes"
            }
            Self::WrongHost | Self::WrongAudience => {
                "set SALESFORCE_LOGIN_URL (SALESFORCE_SANDBOX_LOGIN_URL for sandboxes) to the org's My Domain, such as \
                 https://acme.my.salesforce.com"
            }
            Self::Assertion => {
                "Salesforce does not accept the assertion: the certificate that was uploaded to the app must belong to \
                 SALESFORCE_JWT_KEY_FILE, SALESFORCE_JWT_SUBJECT must be a user name of this org, and this machine's clock must be right"
            }
            Self::Restricted => {
                "the user may not log in from this address or at this hour: add the address to the Login IP Ranges of the user's \
                 profile, relax the IP restrictions in the app's policies, or change the Login Hours"
            }
            Self::InactiveUser => {
                "the user is inactive, frozen or locked: activate or unlock the user in Setup, Users"
            }
            Self::InactiveOrg => {
                "the org is locked, closed or suspended: ask Salesforce, or correct the login host"
            }
            Self::NoApi => {
                "the org's edition has no API access (Enterprise, Performance, Unlimited and Developer have it; Professional as an add-on)"
            }
            Self::Overtaken => "another login for the same user was faster: it is tried again",
            Self::Request => {
                "Salesforce does not take the request of this service: check SALESFORCE_LOGIN_URL (https), and report it as a bug if it is right"
            }
        }
    }
}

fn credentials(flow: Flow) -> &'static str {
    match flow {
        Flow::Password => {
            "check user name and password, the security token (it changes with each new password), that the user's profile has \"API \
             Enabled\" and the org's edition has API access (Enterprise, Performance, Unlimited or Developer; Professional as an \
             add-on), sandbox or production, and SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET of this service; an org that has \
             ended password logins, as all do on 2027-02-20, says no more than this: use SALESFORCE_AUTH=client-credentials or jwt-bearer"
        }
        Flow::ClientCredentials => {
            "check that the client credentials flow is enabled in the app's settings and in its policies, that its \"Run As\" user is \
             active and has \"API Enabled\", and SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET and SALESFORCE_LOGIN_URL of this service"
        }
        Flow::JwtBearer => {
            "check that SALESFORCE_JWT_SUBJECT is an active user of this org with \"API Enabled\" who is approved for the app, that the \
             app has the certificate of SALESFORCE_JWT_KEY_FILE, and SALESFORCE_CLIENT_ID and SALESFORCE_LOGIN_URL of this service"
        }
    }
}

fn disabled(flow: Flow) -> &'static str {
    match flow {
        Flow::Password => {
            "the org takes no password logins, which Salesforce ends everywhere on 2027-02-20: use SALESFORCE_AUTH=client-credentials \
             or jwt-bearer"
        }
        Flow::ClientCredentials => {
            "the app does not allow the flow: enable the client credentials flow in its settings (Flow Enablement) and in its policies"
        }
        Flow::JwtBearer => {
            "the app does not allow the flow: enable the JWT bearer flow in its settings (Flow Enablement) and upload the certificate"
        }
    }
}
