//! Pages of Twilio's newer products: the links are absolute, in an object `meta`.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::api_error::ApiError;
use crate::faults::PageFault;
use crate::form::Form;
use crate::server::Reply;

const MAX_SIZE: usize = 1000;

/// A list of resources, ready to be cut into pages.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// Scheme and host of the product, as links show it.
    pub(crate) host: &'static str,
    pub(crate) path: &'a str,
    /// Name of the list in the answer.
    pub(crate) key: &'static str,
    /// Items of a page unless `PageSize` says otherwise.
    pub(crate) default_size: usize,
    /// Query fields that links repeat.
    pub(crate) filters: &'a [&'a str],
    /// SID and JSON of each item.
    pub(crate) items: Vec<(String, Value)>,
}

impl Listing<'_> {
    /// The page that `PageSize`, `Page` and `PageToken` ask for. Errors 20001 and 21481.
    pub(crate) fn page(mut self, query: &Form, fault: Option<PageFault>) -> Result<Reply, ApiError> {
        let number = read_number(query, "Page")?.unwrap_or(0);
        let size = read_number(query, "PageSize")?.unwrap_or(self.default_size).clamp(1, MAX_SIZE);
        let mut start = self.start(query, number.saturating_mul(size))?;
        if fault == Some(PageFault::Endless) && start >= self.items.len() {
            start = 0;
        }
        let end = start.saturating_add(size).min(self.items.len());
        let start = start.min(end);
        let token = self.items.get(end.saturating_sub(1)).map(|(sid, _)| sid.clone());
        let next = match fault {
            Some(PageFault::Repeated) => Some(self.link(query, size, number, query.filled("PageToken"))),
            Some(PageFault::Endless) => Some(self.next(query, size, number, token)),
            None if end < self.items.len() => Some(self.next(query, size, number, token)),
            None => None,
        };
        let meta = json!({
            "page": number,
            "page_size": size,
            "first_page_url": self.link(query, size, 0, None),
            "previous_page_url": number.checked_sub(1).map(|before| self.link(query, size, before, None)),
            "url": self.link(query, size, number, query.filled("PageToken")),
            "next_page_url": next,
            "key": self.key,
        });
        let items: Vec<Value> = self.items.drain(start..end).map(|(_, item)| item).collect();
        Ok(Reply::json(200, &json!({ self.key: items, "meta": meta })))
    }

    /// The place of the first item: behind the item that the token names. A token whose item was deleted since
    /// counts as its page number.
    fn start(&self, query: &Form, by_number: usize) -> Result<usize, ApiError> {
        let Some(token) = query.filled("PageToken") else { return Ok(by_number) };
        let sid = token.strip_prefix("PA").ok_or_else(|| ApiError::of(21481))?;
        let place = self.items.iter().position(|(item, _)| item == sid);
        Ok(place.map_or(by_number, |place| place + 1))
    }

    fn next(&self, query: &Form, size: usize, number: usize, last: Option<String>) -> String {
        let token = last.map(|sid| format!("PA{sid}"));
        self.link(query, size, number + 1, token.as_deref())
    }

    fn link(&self, query: &Form, size: usize, number: usize, token: Option<&str>) -> String {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        for name in self.filters {
            for value in query.all(name) {
                encoded.append_pair(name, value);
            }
        }
        encoded.append_pair("PageSize", &size.to_string()).append_pair("Page", &number.to_string());
        if let Some(token) = token {
            encoded.append_pair("PageToken", token);
        }
        format!("{}{}?{}", self.host, self.path, encoded.finish())
    }
}

fn read_number(query: &Form, name: &str) -> Result<Option<usize>, ApiError> {
    query.filled(name).map(|text| text.parse().map_err(|_| ApiError::of(20001))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str, fault: Option<PageFault>) -> Value {
        let items = (1..=3).map(|n| (format!("HX{n}"), json!(n))).collect();
        let listing = Listing {
            host: "https://content.twilio.com",
            path: "/v1/Content",
            key: "contents",
            default_size: 50,
            filters: &["Language"],
            items,
        };
        let reply = listing.page(&Form::parse(query.as_bytes()), fault).unwrap();
        serde_json::from_slice(&reply.body).unwrap()
    }

    fn query_of(link: &Value) -> String {
        link.as_str().unwrap().split_once('?').unwrap().1.to_owned()
    }

    #[test]
    fn links_lead_from_page_to_page() {
        let first = page("PageSize=2&Language=hi", None);
        assert_eq!(first["contents"], json!([1, 2]));
        let next = "https://content.twilio.com/v1/Content?Language=hi&PageSize=2&Page=1&PageToken=PAHX2";
        assert_eq!(first["meta"]["next_page_url"], next);
        assert_eq!(first["meta"]["previous_page_url"], Value::Null);
        let second = page(&query_of(&first["meta"]["next_page_url"]), None);
        assert_eq!((&second["contents"], &second["meta"]["page"]), (&json!([3]), &json!(1)));
        assert_eq!(second["meta"]["next_page_url"], Value::Null);
    }

    #[test]
    fn a_deleted_token_counts_as_its_page() {
        assert_eq!(page("PageSize=2&Page=1&PageToken=PAHX9", None)["contents"], json!([3]));
    }

    #[test]
    fn an_endless_list_begins_again() {
        let mut answer = page("", Some(PageFault::Endless));
        for number in 1..4 {
            answer = page(&query_of(&answer["meta"]["next_page_url"]), Some(PageFault::Endless));
            assert_eq!((&answer["contents"], &answer["meta"]["page"]), (&json!([1, 2, 3]), &json!(number)));
        }
    }

    #[test]
    fn a_repeated_page_links_to_itself() {
        let first = page("PageSize=2&Page=0", Some(PageFault::Repeated));
        let again = page(&query_of(&first["meta"]["next_page_url"]), None);
        assert_eq!(again["contents"], first["contents"]);
        let token = page("PageSize=2&Page=1&PageToken=PAHX1", Some(PageFault::Repeated));
        assert_eq!(query_of(&token["meta"]["next_page_url"]), "PageSize=2&Page=1&PageToken=PAHX1");
    }

    #[test]
    fn nonsense_is_refused() {
        for (query, expected) in [("PageSize=x", 20001), ("Page=-1", 20001), ("PageToken=x", 21481)] {
            let listing =
                Listing { host: "", path: "", key: "x", default_size: 1, filters: &[], items: Vec::new() };
            assert_eq!(listing.page(&Form::parse(query.as_bytes()), None).unwrap_err().code, expected);
        }
    }
}
