//! Cases and accounts have assignment rules as leads do: each policy, in each delivery.

use serde_json::json;

use super::{CASE_RULE, OTHER_OWNER, OWNER, WAYS, assigning, named};
use crate::inline::of_user;

#[tokio::test]
async fn each_policy_decides_who_owns_new_and_known_cases_and_accounts_in_each_delivery() {
    for way in WAYS {
        // An account's rule cannot be chosen by a caller: the active one runs.
        for (flags, case_owner, account_owner, moved) in [
            (&[][..], Some(OWNER), Some(OWNER), 0),
            (
                &["--assignment-rules", "always"],
                Some(OWNER),
                Some(OWNER),
                2,
            ),
            (&["--assignment-rules", "never"], None, None, 0),
            (
                &["--assignment-rules", CASE_RULE],
                Some(OTHER_OWNER),
                Some(OWNER),
                0,
            ),
            (&["--compatibility", "stock"], Some(OWNER), Some(OWNER), 2),
            (
                &["--compatibility", "stock", "--assignment-rules", "create"],
                Some(OWNER),
                Some(OWNER),
                0,
            ),
        ] {
            let org = assigning().build();
            let case = org.insert("Case", json!({"Subject": "s"})).unwrap();
            let account = org.insert("Account", json!({"Name": "Acme"})).unwrap();
            let service = way.service(&org, flags).await;
            let jobs = [
                named(1, "Case", Some(&case), json!({"Subject": "t"})),
                named(2, "Account", Some(&account), json!({"Name": "Acme Ltd"})),
                named(3, "Case", None, json!({"Subject": "new"})),
                named(4, "Account", None, json!({"Name": "new"})),
            ];
            let of_each = |(n, job)| of_user(&format!("user{n}"), job);
            let jobs = (0..).zip(jobs).map(of_each).collect();
            way.deliver(&service, jobs).await;
            assert_eq!(org.owners_changed(), moved, "{way:?} {flags:?}");
            let own = org.user_id("crm@acme.example").unwrap();
            for (object, owner) in [("Case", case_owner), ("Account", account_owner)] {
                let created = org.records(object).pop().unwrap();
                assert_eq!(
                    created["OwnerId"],
                    owner.unwrap_or(&own),
                    "{way:?} {flags:?}"
                );
            }
        }
    }
}
