//! Pages of the 2010 API: page number, token and the links between them.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use url::form_urlencoded;

use crate::api_error::ApiError;
use crate::form::Form;
use crate::sid::MessageSid;

const DEFAULT_SIZE: usize = 50;
const MAX_SIZE: usize = 1000;

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) size: usize,
    /// Only messages before this position, so that new ones do not shift the pages.
    pub(super) below: Option<u64>,
    /// Messages to leave out, when there is a page number but no token.
    pub(super) skip: usize,
}

impl Page {
    /// Reads `Page`, `PageSize` and `PageToken`; error 21481 for a token that names no message.
    pub(super) fn read(query: &Form, position: impl Fn(MessageSid) -> Option<u64>) -> Result<Self, ApiError> {
        let number = read_number(query, "Page")?.unwrap_or(0);
        let size = read_number(query, "PageSize")?.unwrap_or(DEFAULT_SIZE).clamp(1, MAX_SIZE);
        let below = match query.filled("PageToken") {
            None => None,
            Some(token) => {
                let sid = token.strip_prefix("PA").and_then(MessageSid::parse);
                Some(sid.and_then(position).ok_or_else(|| ApiError::of(21481))?)
            }
        };
        let skip = if below.is_some() { 0 } else { number.saturating_mul(size) };
        Ok(Self { number, size, below, skip })
    }
}

fn read_number(query: &Form, name: &str) -> Result<Option<usize>, ApiError> {
    query.filled(name).map(|text| text.parse().map_err(|_| ApiError::of(20001))).transpose()
}

/// The envelope's fields besides the messages.
#[derive(Debug)]
pub(super) struct PageLinks {
    page: usize,
    page_size: usize,
    start: usize,
    end: usize,
    uri: String,
    first_page_uri: String,
    next_page_uri: Option<String>,
    previous_page_uri: Option<String>,
}

/// The answer to a list call.
pub(super) struct Envelope<T> {
    key: &'static str,
    items: Vec<T>,
    links: PageLinks,
}

impl<T: Serialize> Serialize for Envelope<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.key, &self.items)?;
        let links = &self.links;
        map.serialize_entry("page", &links.page)?;
        map.serialize_entry("page_size", &links.page_size)?;
        map.serialize_entry("start", &links.start)?;
        map.serialize_entry("end", &links.end)?;
        map.serialize_entry("uri", &links.uri)?;
        map.serialize_entry("first_page_uri", &links.first_page_uri)?;
        map.serialize_entry("next_page_uri", &links.next_page_uri)?;
        map.serialize_entry("previous_page_uri", &links.previous_page_uri)?;
        map.end()
    }
}

impl PageLinks {
    /// `last` is the last message of this page if more follow.
    pub(super) fn new(path: &str, query: &Form, page: &Page, found: usize, last: Option<MessageSid>) -> Self {
        let link = |number: usize, token: Option<MessageSid>| uri(path, query, page.size, number, token);
        let start = page.number.saturating_mul(page.size);
        Self {
            page: page.number,
            page_size: page.size,
            start,
            end: (start + found).saturating_sub(1).max(start),
            uri: link(page.number, None),
            first_page_uri: link(0, None),
            next_page_uri: last.map(|sid| link(page.number + 1, Some(sid))),
            previous_page_uri: page.number.checked_sub(1).map(|number| link(number, None)),
        }
    }

    /// The page's items, named `key`.
    pub(super) fn envelope<T>(self, key: &'static str, items: Vec<T>) -> Envelope<T> {
        Envelope { key, items, links: self }
    }
}

/// A link relative to the host, with the filters of the request.
fn uri(path: &str, query: &Form, size: usize, number: usize, token: Option<MessageSid>) -> String {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    for name in ["To", "From", "DateSent", "DateSent<", "DateSent>"] {
        if let Some(value) = query.filled(name) {
            encoded.append_pair(name, value);
        }
    }
    encoded.append_pair("PageSize", &size.to_string()).append_pair("Page", &number.to_string());
    if let Some(sid) = token {
        encoded.append_pair("PageToken", &format!("PA{sid}"));
    }
    format!("{path}?{}", encoded.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Page, ApiError> {
        Page::read(&Form::parse(query.as_bytes()), |_| Some(7))
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(read("").unwrap(), Page { number: 0, size: 50, below: None, skip: 0 });
        assert_eq!(read("PageSize=5000").unwrap().size, 1000);
        assert_eq!(read("PageSize=x").unwrap_err().code, 20001);
        assert_eq!(read("PageSize=10&Page=3").unwrap().skip, 30);
    }

    #[test]
    fn tokens_name_a_message() {
        let token = "PageToken=PASM00000000000000000000000000000001&Page=2";
        assert_eq!(read(token).unwrap(), Page { number: 2, size: 50, below: Some(7), skip: 0 });
        assert_eq!(read("PageToken=nonsense").unwrap_err().code, 21481);
    }

    #[test]
    fn links_keep_the_filters() {
        let query = Form::parse(b"To=%2B9779841234567&DateSent%3E=2026-11-22");
        let page = Page { number: 0, size: 2, below: None, skip: 0 };
        let sid = MessageSid::parse("SM00000000000000000000000000000001");
        let links = PageLinks::new("/x.json", &query, &page, 2, sid);
        let next = "/x.json?To=%2B9779841234567&DateSent%3E=2026-11-22&PageSize=2&Page=1\
                    &PageToken=PASM00000000000000000000000000000001";
        assert_eq!(links.next_page_uri.as_deref(), Some(next));
        assert_eq!((links.start, links.end, links.previous_page_uri), (0, 1, None));
    }
}
