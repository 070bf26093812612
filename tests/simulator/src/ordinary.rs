//! An org as an admin has it after some years: features switched on, custom fields of every type on leads, field-level security
//! for the user as whom the integration logs in.

use super::{
    Builder, Country, FieldSpec,
    FieldType::{
        Boolean, Currency, Date, DateTime, Email, MultiPicklist, Number, Percent, Phone, Picklist,
        Reference, Text, TextArea, Url,
    },
    PicklistValue,
};

/// The accounts that the references of leads may name.
const ACCOUNT: (&[&str], &str) = (&["Account"], "Account__r");

impl Builder {
    /// Gives the org what an ordinary one has: state and country picklists, the fields of the usual features, and custom fields
    /// of leads. From the user of this name one of them is hidden, and another one may only be read.
    pub fn ordinary(self, username: &str) -> Self {
        let org = self.state_country_picklists(countries());
        let fields = feature_fields().into_iter().chain(custom_fields());
        let org = fields.fold(org, |org, field| org.field("Lead", field));
        org.field("Contact", FieldSpec::new("MiddleName", Text).length(40))
            .external_id("Account", "Domain__c", true)
            .custom_object("Subscription__c", &[])
            .field("Subscription__c", key("Number__c"))
            .field("Subscription__c", plan().required())
            .field("Subscription__c", account())
            .field("Subscription__c", FieldSpec::new("Start__c", Date))
            .hide_field_from(username, "Lead", "Credit_Limit__c")
            .lock_field_for(username, "Lead", "Risk__c")
    }
}

/// The countries that addresses may name.
fn countries() -> [Country; 5] {
    [
        Country::new("US", "United States")
            .state("CA", "California")
            .state("NY", "New York")
            .state("WA", "Washington"),
        Country::new("AU", "Australia").state("WA", "Western Australia"),
        Country::new("CA", "Canada").state("ON", "Ontario"),
        Country::new("DE", "Germany"),
        Country::new("GB", "United Kingdom"),
    ]
}

/// The fields of leads that come with features: names of persons, record types, bounces, activities, privacy.
fn feature_fields() -> Vec<FieldSpec> {
    let text = |name, length| FieldSpec::new(name, Text).length(length);
    let reference = |name, object| {
        let relationship = String::from(name).replace("Id", "");
        FieldSpec::new(name, Reference).refers_to(&[object], &relationship)
    };
    vec![
        text("MiddleName", 40).part_of("Name"),
        text("Suffix", 40).part_of("Name"),
        reference("MasterRecordId", "Lead").read_only(),
        reference("RecordTypeId", "RecordType"),
        reference("IndividualId", "Individual"),
        FieldSpec::new("LastActivityDate", Date).read_only(),
        FieldSpec::new("LastViewedDate", DateTime).read_only(),
        FieldSpec::new("LastReferencedDate", DateTime).read_only(),
        FieldSpec::new("PhotoUrl", Url).read_only(),
        text("JigsawContactId", 20).read_only(),
        text("CompanyDunsNumber", 9),
        text("EmailBouncedReason", 255),
        FieldSpec::new("EmailBouncedDate", DateTime),
        FieldSpec::new("CleanStatus", Picklist)
            .values(&[
                "Matched",
                "Different",
                "Acknowledged",
                "NotFound",
                "Inactive",
                "Pending",
            ])
            .length(40)
            .restricted(),
    ]
}

/// The fields that the admin has added to leads.
fn custom_fields() -> Vec<FieldSpec> {
    vec![
        plan(),
        tier(),
        channel(),
        topics(),
        key("Member_Id__c"),
        FieldSpec::new("Badge__c", Text).length(12).unique(),
        FieldSpec::new("Score__c", Number).digits(5, 2),
        FieldSpec::new("Seats__c", Number).digits(6, 0),
        FieldSpec::new("Budget__c", Currency).digits(16, 2),
        FieldSpec::new("Discount__c", Percent).digits(5, 2),
        FieldSpec::new("Trial__c", Boolean),
        FieldSpec::new("Renewal__c", Date),
        FieldSpec::new("Signed_Up__c", DateTime),
        FieldSpec::new("Notes__c", TextArea),
        FieldSpec::new("Profile__c", Url),
        FieldSpec::new("Second_Email__c", Email),
        FieldSpec::new("Second_Phone__c", Phone),
        account(),
        FieldSpec::new("Grade__c", Text).calculated(),
        FieldSpec::new("Ticket__c", Text).length(30).auto_number(),
        FieldSpec::new("First_Source__c", Text).not_updateable(),
        FieldSpec::new("Last_Review__c", Text).not_createable(),
        FieldSpec::new("Credit_Limit__c", Currency),
        FieldSpec::new("Risk__c", Text).length(20),
    ]
}

/// A restricted picklist whose labels differ from its values.
fn plan() -> FieldSpec {
    FieldSpec::new("plan__c", Picklist)
        .picklist([
            PicklistValue::new("free").labelled("Free of charge"),
            PicklistValue::new("pro").labelled("Professional"),
            PicklistValue::new("ent").labelled("Enterprise"),
            PicklistValue::new("legacy").labelled("Legacy").inactive(),
        ])
        .restricted()
}

/// A picklist that takes other values, too.
fn tier() -> FieldSpec {
    FieldSpec::new("Tier__c", Picklist).values(&["Gold", "Silver", "Bronze"])
}

/// A restricted picklist of which the record type does not have every value.
fn channel() -> FieldSpec {
    FieldSpec::new("Channel__c", Picklist)
        .values(&["email", "phone", "fax"])
        .restricted()
        .record_type(&["email", "phone"])
}

/// A restricted multi-select picklist.
fn topics() -> FieldSpec {
    FieldSpec::new("Topics__c", MultiPicklist)
        .picklist([
            PicklistValue::new("sports").labelled("Sports & Games"),
            PicklistValue::new("news").labelled("News"),
            PicklistValue::new("tech").labelled("Technology"),
        ])
        .restricted()
}

/// A unique external id of 20 characters.
fn key(name: &str) -> FieldSpec {
    FieldSpec::new(name, Text).length(20).external_id().unique()
}

fn account() -> FieldSpec {
    let (objects, relationship) = ACCOUNT;
    FieldSpec::new("Account__c", Reference).refers_to(objects, relationship)
}
