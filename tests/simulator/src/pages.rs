//! Hands the result of a query out in pages.

use serde_json::{Value, json};

use super::{Refusal, id::RecordId};

/// The results of queries, a page at a time.
#[derive(Debug)]
pub(super) struct Pages {
    /// The most records on a page.
    pub(super) size: usize,
    /// The results of more than one page, by the number in their locator.
    open: Vec<Vec<Value>>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            size: 2_000,
            open: Vec::new(),
        }
    }
}

impl Pages {
    /// The first page of a result, which is kept if it has another.
    pub(super) fn first(&mut self, version: &str, records: Vec<Value>) -> Value {
        let page = self.cut(version, self.open.len(), &records, 0);
        if records.len() > self.size {
            self.open.push(records);
        }
        page
    }

    /// The page that a locator from `nextRecordsUrl` stands for.
    pub(super) fn next(&self, version: &str, locator: &str) -> Result<Value, Refusal> {
        let (id, offset) = locator.split_once('-').ok_or(Refusal::InvalidLocator)?;
        let offset: usize = offset.parse().map_err(|_| Refusal::InvalidLocator)?;
        let results = self.open.iter().enumerate();
        let mut found =
            results.filter(|(number, records)| cursor(*number) == id && offset < records.len());
        let (number, records) = found.next().ok_or(Refusal::InvalidLocator)?;
        Ok(self.cut(version, number, records, offset))
    }

    fn cut(&self, version: &str, number: usize, records: &[Value], offset: usize) -> Value {
        let end = records.len().min(offset.saturating_add(self.size));
        let done = end == records.len();
        let mut page =
            json!({"totalSize": records.len(), "done": done, "records": records[offset..end]});
        if !done {
            page["nextRecordsUrl"] =
                format!("/services/data/{version}/query/{}-{end}", cursor(number)).into();
        }
        page
    }
}

fn cursor(number: usize) -> String {
    RecordId::numbered("01g", number + 1).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_fits_is_one_page() {
        let page = Pages::default().first("v50.0", vec![json!(1)]);
        assert_eq!(page, json!({"totalSize": 1, "done": true, "records": [1]}));
    }

    #[test]
    fn a_longer_result_names_its_next_page() {
        let mut pages = Pages {
            size: 2,
            ..Pages::default()
        };
        let first = pages.first("v50.0", vec![json!(1), json!(2), json!(3)]);
        let url = "/services/data/v50.0/query/01g5g0000000001AAA-2";
        let expected =
            json!({"totalSize": 3, "done": false, "records": [1, 2], "nextRecordsUrl": url});
        assert_eq!(first, expected);
        let second = pages.next("v50.0", "01g5g0000000001AAA-2").unwrap();
        assert_eq!(
            second,
            json!({"totalSize": 3, "done": true, "records": [3]})
        );
    }

    #[test]
    fn an_unknown_locator_is_refused() {
        for locator in ["", "01g", "01g5g0000000001AAA-0", "01g5g0000000001AAA-x"] {
            assert_eq!(
                Pages::default().next("v50.0", locator),
                Err(Refusal::InvalidLocator),
                "{locator}"
            );
        }
    }
}
