//! Asks which records exist.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    contract::json::Value,
    metrics::Call,
    salesforce::{
        client::Client,
        fault::{Disposition, Fault},
        session::Session,
        soql::{Email, fold},
    },
};

/// How many pages of one query are read: 2,000 records each.
const MOST_PAGES: usize = 50;

/// A lead as the lookup returns it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lead {
    /// The record's id.
    pub id: String,
    #[serde(default, deserialize_with = "loose_text")]
    email: Option<String>,
    /// Whether the lead has become a contact.
    #[serde(default)]
    pub is_converted: bool,
    /// The contact that a converted lead has become.
    pub converted_contact_id: Option<String>,
    /// Whether the lead is in the recycle bin.
    #[serde(default)]
    pub is_deleted: bool,
    /// When the record was last written, in UTC; ordered as text.
    pub last_modified_date: Option<String>,
}

/// A page of a query's answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    done: bool,
    next_records_url: Option<String>,
    total_size: Option<usize>,
    records: Vec<Lead>,
}

/// Reads all leads that a query finds.
///
/// # Errors
/// [`Fault`] where the query fails, or its answer is not the whole of what was asked for: a record that is overlooked
/// would be created a second time.
pub(super) async fn leads(
    client: &Client,
    session: &Session,
    path: &str,
) -> Result<Vec<Lead>, Fault> {
    let mut leads = Vec::new();
    let mut path = path.to_owned();
    for _ in 0..MOST_PAGES {
        let page = page(client, session, &path).await?;
        leads.extend(page.records);
        match (page.done, page.next_records_url) {
            (true, _) if page.total_size.is_some_and(|total| total != leads.len()) => {
                return Err(unreadable("it does not hold as many records as it says"));
            }
            (true, _) => return Ok(leads),
            (false, Some(next)) if next.starts_with("/services/data/") => path = next,
            (false, _) => return Err(unreadable("it is not done and names no next page")),
        }
    }
    Err(unreadable("it has too many pages"))
}

async fn page(client: &Client, session: &Session, path: &str) -> Result<Page, Fault> {
    let request = client
        .get(&format!("{}{path}", session.instance().as_str()))
        .header("Authorization", session.authorization())
        .header("Accept", "application/json");
    let body = client.send(Call::Query, request).await?;
    // serde's own text would quote the answer, personal data included.
    serde_json::from_slice(&body).map_err(|error| {
        unreadable(&format!(
            "no query result at line {} column {}",
            error.line(),
            error.column()
        ))
    })
}

fn unreadable(why: &str) -> Fault {
    Fault::Unreadable(why.to_owned())
}

/// A text, or a number or boolean as it is written.
fn loose_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(raw.map(|raw| {
        Value::from(&*raw)
            .as_text()
            .map_or_else(|| raw.get().to_owned(), std::borrow::Cow::into_owned)
    }))
}

/// What was found, by e-mail.
#[derive(Debug, Default)]
pub struct Found(HashMap<String, Result<Vec<Lead>, Arc<Fault>>>);

impl Found {
    /// Takes the answer to a query for `emails`. A failed query fails only its own e-mails.
    pub(super) fn add(&mut self, emails: &[Email], answer: Result<Vec<Lead>, Fault>) {
        match answer {
            Ok(leads) => self.assign(emails, leads),
            Err(fault) => self.fail(emails.iter(), fault),
        }
    }

    /// Hands each lead to the e-mail that asked for it. A lead that answers none of them means that Salesforce holds two
    /// spellings for one that differ to us, which only letters beyond ASCII can do: those e-mails are not known, rather
    /// than written twice, and their neighbours are unharmed.
    fn assign(&mut self, emails: &[Email], leads: Vec<Lead>) {
        self.0
            .extend(emails.iter().map(|email| (email.folded(), Ok(Vec::new()))));
        for lead in leads {
            let email = fold(lead.email.as_deref().unwrap_or_default());
            match self.0.get_mut(&email) {
                Some(Ok(leads)) => leads.push(lead),
                Some(Err(_)) => {}
                None => {
                    let doubtful = |email: &&Email| !email.as_str().is_ascii();
                    let any = emails.iter().any(|email| doubtful(&email));
                    self.fail(
                        emails.iter().filter(|email| !any || doubtful(email)),
                        unreadable("it holds a lead that was not asked for"),
                    );
                }
            }
        }
    }

    fn fail<'e>(&mut self, emails: impl Iterator<Item = &'e Email>, fault: Fault) {
        let fault = Arc::new(fault);
        self.0
            .extend(emails.map(|email| (email.folded(), Err(Arc::clone(&fault)))));
    }

    /// The leads with this e-mail, in Salesforce's order, or why they are not known.
    ///
    /// # Errors
    /// The fault of the query that asked for it.
    pub fn leads(&self, email: &Email) -> Result<&[Lead], Arc<Fault>> {
        match self.0.get(&email.folded()) {
            Some(Ok(leads)) => Ok(leads),
            Some(Err(fault)) => Err(Arc::clone(fault)),
            None => Err(Arc::new(unreadable("the e-mail was not asked for"))),
        }
    }

    /// What a query for one e-mail found.
    #[cfg(test)]
    pub(crate) fn of(email: &Email, leads: Vec<Lead>) -> Self {
        Self([(email.folded(), Ok(leads))].into())
    }

    /// Whether Salesforce has said that the session has expired.
    pub(super) fn session_expired(&self) -> bool {
        let mut faults = self.0.values().filter_map(|found| found.as_ref().err());
        faults.any(|fault| fault.disposition() == Disposition::Refresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emails(texts: &[&str]) -> Vec<Email> {
        texts.iter().map(|text| Email::new(text).unwrap()).collect()
    }

    fn lead(id: &str, email: &str) -> Lead {
        serde_json::from_str(&format!(r#"{{"Id":"{id}","Email":"{email}"}}"#)).unwrap()
    }

    #[test]
    fn leads_find_their_email_without_letter_case() {
        let mut found = Found::default();
        found.add(
            &emails(&["Jane@Example.com", "new@x.y"]),
            Ok(vec![lead("1", "jane@EXAMPLE.com")]),
        );
        assert_eq!(
            found.leads(&emails(&["JANE@example.com"])[0]).unwrap()[0].id,
            "1"
        );
        assert!(found.leads(&emails(&["new@x.y"])[0]).unwrap().is_empty());
    }

    #[test]
    fn a_failed_query_fails_only_its_own_emails() {
        let mut found = Found::default();
        found.add(&emails(&["a@x.y"]), Err(unreadable("garbage")));
        found.add(&emails(&["b@x.y"]), Ok(vec![]));
        assert!(found.leads(&emails(&["a@x.y"])[0]).is_err());
        assert!(found.leads(&emails(&["b@x.y"])[0]).is_ok());
    }

    #[test]
    fn a_lead_that_nobody_asked_for_leaves_the_emails_unknown_that_it_may_belong_to() {
        let mut found = Found::default();
        found.add(&emails(&["a@x.y"]), Ok(vec![lead("1", "other@x.y")]));
        assert!(found.leads(&emails(&["a@x.y"])[0]).is_err());
        found.add(
            &emails(&["b@x.y", "stra\u{df}e@x.y"]),
            Ok(vec![lead("2", "strasse@x.y"), lead("3", "b@x.y")]),
        );
        assert_eq!(found.leads(&emails(&["b@x.y"])[0]).unwrap()[0].id, "3");
        assert!(found.leads(&emails(&["stra\u{df}e@x.y"])[0]).is_err());
    }
}
