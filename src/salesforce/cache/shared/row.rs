//! Found records as lines of text: id, flags, the contact of a converted lead, when the record was last written, and the object of
//! a record that a duplicate rule found. No value of a field is among them.

use std::fmt::Write;

use crate::salesforce::{id::is_id, key::is_api_name, page::Row};

/// The maximum number of records of a key that are shared.
const MAX_ROWS: usize = 50;

/// The flag of a converted lead.
const CONVERTED: &str = "c";

/// The records as lines; `None` if they cannot be shared.
pub(super) fn write(rows: &[Row]) -> Option<String> {
    let is_plain = |row: &Row| {
        let modified = row.last_modified_date.as_deref();
        let object = row.matched_as.as_deref();
        modified.is_none_or(|time| !time.contains([',', '\n'])) && object.is_none_or(is_api_name)
    };
    if rows.len() > MAX_ROWS || !rows.iter().all(is_plain) {
        return None;
    }
    let mut lines = String::with_capacity(rows.len() * 64);
    for row in rows {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let flags = if row.is_converted { CONVERTED } else { "" };
        let (contact, modified) = (
            text(&row.converted_contact_id),
            text(&row.last_modified_date),
        );
        let object = text(&row.matched_as);
        writeln!(lines, "{},{flags},{contact},{modified},{object}", row.id).ok()?;
    }
    Some(lines)
}

/// The records of lines; `None` if another version of this service has written them.
pub(super) fn read(lines: &str) -> Option<Vec<Row>> {
    lines.lines().map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let mut parts = line.split(',');
    let mut next = || parts.next();
    let (id, flags, contact, modified, object) = (next()?, next()?, next()?, next()?, next()?);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let is_readable = is_id(id)
        && (flags.is_empty() || flags == CONVERTED)
        && (contact.is_empty() || is_id(contact))
        && (object.is_empty() || is_api_name(object))
        && next().is_none();
    is_readable.then(|| {
        let mut row = Row::created(id.to_owned());
        row.is_converted = flags == CONVERTED;
        row.converted_contact_id = text(contact);
        row.last_modified_date = text(modified);
        row.matched_as = text(object);
        row
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: &str = "00Q5g0000000001EAA";
    const CONTACT: &str = "0035g0000000002EAA";

    #[test]
    fn records_are_the_same_after_they_were_shared() {
        let mut converted = Row::created(LEAD.to_owned());
        converted.is_converted = true;
        converted.converted_contact_id = Some(CONTACT.to_owned());
        converted.last_modified_date = Some("2026-11-28T10:00:00.000+0000".to_owned());
        let matched = Row::matched("Contact".to_owned(), CONTACT.to_owned());
        let lines = write(&[converted, matched]).unwrap();
        assert_eq!(
            lines,
            format!("{LEAD},c,{CONTACT},2026-11-28T10:00:00.000+0000,\n{CONTACT},,,,Contact\n")
        );
        let rows = read(&lines).unwrap();
        assert_eq!(write(&rows).unwrap(), lines);
        assert!(rows[0].is_converted && rows[1].matched_as.as_deref() == Some("Contact"));
    }

    #[test]
    fn what_another_version_has_written_is_not_known() {
        for lines in [
            "00Q",
            "00Q5g0000000001EAA,,,",
            "00Q5g0000000001EAA,d,,,",
            "00Q5g0000000001EAA,,,,,more",
            "../x,,,,",
        ] {
            assert!(read(lines).is_none(), "{lines}");
        }
    }
}
