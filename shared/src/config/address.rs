//! Settings whose value is a URL.

use url::Url;

use super::{Env, Insecure, Setting};

/// The value of `setting` as an `https://` URL that paths are appended to. Plain `http://` is accepted only for hosts that
/// `insecure` allows. `None` if the setting lacks a value and a default, or after a fault.
pub fn base_url(env: &mut Env, setting: &Setting, insecure: &Insecure) -> Option<Url> {
    if setting.default.unwrap_or_default().is_empty() {
        env.optional(setting)?;
    }
    let url = any_base_url(env, setting)?;
    if url.scheme() == "http" && !url.host_str().is_some_and(|host| insecure.allows(host)) {
        env.fault(
            setting.name,
            "must be an https:// URL (http:// only to loopback, or to a host that ALLOW_INSECURE names)",
        );
    }
    Some(url)
}

/// As [`base_url`], but accepts `http://` for every host.
pub fn any_base_url(env: &mut Env, setting: &Setting) -> Option<Url> {
    let text = env.text(setting);
    let Ok(url) = text.parse::<Url>() else {
        // The value may hold a password, so it is not shown.
        env.fault(setting.name, format_args!("is not a URL. {}", setting.sentence()));
        return None;
    };
    if !matches!(url.scheme(), "http" | "https") {
        let what = format_args!("must be an https:// or http:// URL. {}", setting.sentence());
        env.fault(setting.name, what);
        return None;
    }
    // Paths are appended to the text. After a query or a fragment they would be a part of it.
    for (part, mark) in [(url.query(), '?'), (url.fragment(), '#')] {
        if part.is_some() {
            env.fault(setting.name, format_args!("must end before the {mark:?}: paths are appended to it"));
            return None;
        }
    }
    Some(url)
}

/// Checks the URL of a server, which may hold a user and a password.
pub(super) fn server_url(env: &mut Env, setting: &Setting, text: &str, schemes: [&str; 2]) -> Option<Url> {
    let [usual, other] = schemes;
    let url = text.parse::<Url>().ok();
    let fault = match &url {
        // The parser's error may quote the value and its password.
        None => format!("is not a URL. {}", setting.sentence()),
        Some(url) if url.scheme() != usual && url.scheme() != other => {
            format!("must begin with {usual}:// or {other}://. {}", setting.sentence())
        }
        // Without the slashes the rest is a path, and the host would be this machine.
        Some(url) if url.cannot_be_a_base() || !url.has_authority() => {
            format!("must begin with {usual}:// or {other}://. {}", setting.sentence())
        }
        Some(url) if url.fragment().is_some() => {
            "must not hold `#`: in a user name or a password write it as %23".to_owned()
        }
        Some(_) => return url,
    };
    env.fault(setting.name, fault);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Setting = Setting::new("PLACE", "", "where it is, such as `https://hooks.example.org`");

    fn read(text: &str) -> Result<Option<Url>, crate::config::Faults> {
        let mut env = Env::of([("PLACE", text)]);
        let url = base_url(&mut env, &PLACE, &Insecure::Hosts(vec!["sim".to_owned()]));
        env.finish(url)
    }

    #[test]
    fn paths_can_be_appended_to_a_base_url() {
        for good in ["https://hooks.example.org", "https://h/base/", "http://127.0.0.1:1", "http://sim:8901"]
        {
            assert!(read(good).unwrap().is_some(), "{good}");
        }
        assert_eq!(read("").unwrap(), None);
    }

    #[test]
    fn a_base_url_with_a_query_or_a_fragment_is_refused() {
        for bad in ["http://127.0.0.1:18081/?x=1", "https://h/#rc=2", "https://h?", "https://h/a#"] {
            let text = read(bad).unwrap_err().to_string();
            assert!(text.contains("PLACE: must end before"), "{bad}: {text}");
        }
    }

    #[test]
    fn a_base_url_of_another_kind_is_refused_and_not_shown() {
        for bad in ["hooks.example.org", "ftp://h/s3cret", "http://hooks.example.org", "https://u:s3cret@"] {
            let text = read(bad).unwrap_err().to_string();
            assert!(text.contains("PLACE") && !text.contains("s3cret"), "{bad}: {text}");
        }
    }
}
