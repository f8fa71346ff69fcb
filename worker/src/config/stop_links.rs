//! The stop link: where its page is, and the key of its codes.

use shared::{
    config::{Env, any_base_url, is_loopback, settings},
    consent::{LinkKey, StopCode},
    templates::LONGEST_STOP_BASE,
};
use url::Url;

/// So unlikely to be the code of a number that it stands for none.
const NO_CODE: &str = "000000000";

/// Everything about the stop link.
#[derive(Debug, Clone)]
pub(crate) struct StopLinks {
    pub(crate) base: StopLinkBase,
    pub(crate) key: LinkKey,
}

impl StopLinks {
    /// None unless `STOP_LINK_BASE` is set, or after a fault.
    pub(crate) fn read(env: &mut Env) -> Option<Self> {
        let base = base(env);
        let key = key(env);
        Some(Self { base: base?, key: key? })
    }
}

fn base(env: &mut Env) -> Option<StopLinkBase> {
    env.optional(&settings::STOP_LINK_BASE)?;
    let url = any_base_url(env, &settings::STOP_LINK_BASE)?;
    StopLinkBase::new(url).map_err(|why| env.fault(settings::STOP_LINK_BASE.name, why)).ok()
}

fn key(env: &mut Env) -> Option<LinkKey> {
    let Some(text) = env.secret(&settings::LINK_KEY) else {
        if env.optional(&settings::STOP_LINK_BASE).is_some() {
            env.fault(
                settings::LINK_KEY.name,
                "must be set together with STOP_LINK_BASE (or LINK_KEY_FILE); `openssl rand -hex 32` makes a key",
            );
        }
        return None;
    };
    LinkKey::parse(&text).map_err(|why| env.fault(settings::LINK_KEY.name, why)).ok()
}

/// `HELP_LINE`, a number that texts and the stop page name for help. None: it is not set, or it is faulty.
pub(crate) fn help_line(env: &mut Env) -> Option<String> {
    let line = env.optional(&settings::HELP_LINE)?;
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    let others = line.chars().any(|c| !c.is_ascii_digit() && !"+-() ".contains(c));
    if others || !(3..=15).contains(&digits) || line.len() > 24 {
        env.fault(
            settings::HELP_LINE.name,
            "must be a phone number: 3 to 15 digits, `+`, `-`, brackets, spaces",
        );
        return None;
    }
    Some(line)
}

/// The address of the stop page without a code. Its path ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StopLinkBase(Url);

impl StopLinkBase {
    fn new(mut url: Url) -> Result<Self, String> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold a user: everybody reads it".to_owned());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        if url.path().contains("//") || !url.path().chars().all(plain) {
            return Err("its path may hold letters, digits, `-`, `_`, `.` and single slashes".to_owned());
        }
        let base = Self(url);
        let length = base.printed().chars().count();
        if length > LONGEST_STOP_BASE {
            return Err(format!(
                "has {length} characters after the scheme; with more than {LONGEST_STOP_BASE} a welcome costs two segments"
            ));
        }
        Ok(base)
    }

    /// As messages print it: without its scheme.
    pub(crate) fn printed(&self) -> &str {
        self.0.as_str().split_once("://").map_or("", |(_, rest)| rest)
    }

    /// The path under which the page is served, such as `/s/`.
    pub(crate) fn path(&self) -> &str {
        self.0.path()
    }

    /// The address of a code, as messages print it.
    pub(crate) fn address(&self, code: StopCode) -> String {
        format!("{}{}", self.printed(), code.as_str())
    }

    /// An address as long as every other one.
    pub(crate) fn example(&self) -> String {
        format!("{}{NO_CODE}", self.printed())
    }

    /// The whole address of a code.
    pub(crate) fn url(&self, code: StopCode) -> String {
        format!("{}{}", self.0, code.as_str())
    }

    /// The whole address of a code that no number has.
    pub(crate) fn unknown_url(&self) -> String {
        format!("{}{NO_CODE}", self.0)
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }

    /// Whether handsets open it without encryption, on another machine than this.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.scheme() == "http" && !self.0.host_str().is_some_and(is_loopback)
    }
}

#[cfg(test)]
mod tests {
    use shared::config::Faults;

    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn read(vars: &[(&str, &str)]) -> Result<Option<StopLinks>, Faults> {
        let mut env = Env::of(vars.iter().copied());
        let links = StopLinks::read(&mut env);
        env.finish(links)
    }

    fn base(text: &str) -> Result<StopLinkBase, String> {
        let read = read(&[("STOP_LINK_BASE", text), ("LINK_KEY", KEY)]);
        read.map(|links| links.unwrap().base).map_err(|faults| faults.to_string())
    }

    #[test]
    fn messages_print_the_base_without_its_scheme() {
        let code = StopCode::parse("PCWDDR9B5").unwrap();
        for (text, printed, path) in [
            ("https://aamcare.np/s/", "aamcare.np/s/", "/s/"),
            ("https://aamcare.np/s", "aamcare.np/s/", "/s/"),
            ("http://AAMCARE.np/s/", "aamcare.np/s/", "/s/"),
            ("https://a.np", "a.np/", "/"),
            ("http://a.np:8080/x-y/", "a.np:8080/x-y/", "/x-y/"),
        ] {
            let base = base(text).unwrap();
            assert_eq!((base.printed(), base.path()), (printed, path), "{text}");
            assert_eq!(base.address(code), format!("{printed}PCWDDR9B5"));
        }
        let base = base("https://aamcare.np/s").unwrap();
        assert_eq!(base.url(code), "https://aamcare.np/s/PCWDDR9B5");
        assert_eq!(base.example().len(), base.address(code).len());
    }

    #[test]
    fn a_base_that_does_not_fit_one_segment_is_refused() {
        assert_eq!(base("https://aamcare.org/s-/").unwrap().printed().len(), 15);
        for long in ["https://aamcare.org/s--/", "https://aamcare.org/s--", "https://www.aamcare.np/s/"] {
            assert!(base(long).unwrap_err().contains("STOP_LINK_BASE: has "), "{long}");
        }
    }

    #[test]
    fn another_address_is_refused() {
        for bad in [
            "aamcare.np/s/",
            "ftp://a.np/s/",
            "https://a.np/s/?x",
            "https://a.np/#s",
            "https://a.np//s/",
            "https://a.np/%20/",
            "https://a.np/:s/",
            "https://a.np/*s/",
            "https://u:pw@a.np/",
        ] {
            let text = base(bad).unwrap_err();
            assert!(text.contains("STOP_LINK_BASE") && !text.contains("pw@"), "{bad}: {text}");
        }
    }

    #[test]
    fn a_base_needs_a_key_and_no_fault_shows_it() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("LINK_KEY", KEY)]).unwrap().is_none(), "off without a base");
        let text = read(&[("STOP_LINK_BASE", "https://a.np/")]).unwrap_err().to_string();
        assert!(text.contains("1 error") && text.contains("LINK_KEY"), "{text}");
        for vars in
            [&[("LINK_KEY", "s3cret")][..], &[("STOP_LINK_BASE", "https://a.np/"), ("LINK_KEY", "s3cret")]]
        {
            let text = read(vars).unwrap_err().to_string();
            assert!(text.contains("LINK_KEY: must be 32 bytes") && !text.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn a_help_line_is_a_phone_number() {
        for good in ["1115", "01-4200000", "+977 1 4200000"] {
            assert_eq!(help_line(&mut Env::of([("HELP_LINE", good)])).as_deref(), Some(good));
        }
        for bad in ["12", "call us", "<b>1115</b>", "12345678901234567"] {
            let mut env = Env::of([("HELP_LINE", bad)]);
            let line = help_line(&mut env);
            assert!(env.finish(line).unwrap_err().to_string().contains("HELP_LINE"), "{bad}");
        }
    }

    #[test]
    fn plain_http_is_noticed_except_on_this_machine() {
        for (text, plain) in [
            ("https://a.np/s/", false),
            ("http://a.np/s/", true),
            ("http://127.0.0.1/s/", false),
            ("http://localhost/", false),
        ] {
            assert_eq!(base(text).unwrap().is_plain(), plain, "{text}");
        }
    }
}
