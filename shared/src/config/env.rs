//! Reads settings and collects every fault, instead of stopping at the first.

use std::{
    collections::HashMap,
    fmt::{self, Display},
    str::FromStr,
    time::Duration,
};

use secrecy::SecretString;

use super::Setting;

/// The environment and the faults found so far.
pub struct Env {
    vars: HashMap<String, String>,
    faults: Vec<Fault>,
}

impl Env {
    /// The environment of this process. Values that are not UTF-8 count as unset.
    pub fn of_process() -> Self {
        let vars =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self { vars: vars.collect(), faults: Vec::new() }
    }

    /// An environment made of `vars`.
    pub fn of<K: Into<String>, V: Into<String>>(vars: impl IntoIterator<Item = (K, V)>) -> Self {
        let vars = vars.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self { vars, faults: Vec::new() }
    }

    /// Records a fault of the variable `name`.
    pub fn fault(&mut self, name: &str, what: impl Display) {
        self.faults.push(Fault { name: name.to_owned(), what: what.to_string() });
    }

    /// The trimmed value; `None` if it is unset or empty. The default is ignored.
    pub fn optional(&self, setting: &Setting) -> Option<String> {
        self.vars.get(setting.name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// The value or the default. Without both it is a fault.
    pub fn text(&mut self, setting: &Setting) -> String {
        // A fault may quote the value.
        debug_assert!(!setting.secret, "{} is read as what it is not", setting.name);
        let value = self.optional(setting).or_else(|| setting.default.map(str::to_owned));
        value.unwrap_or_else(|| {
            self.fault(setting.name, format_args!("is not set. {}", setting.sentence()));
            String::new()
        })
    }

    /// The value, parsed by `FromStr`. After a fault the default, or `None` if the setting is required.
    pub fn parse<T: FromStr<Err: Display>>(&mut self, setting: &Setting) -> Option<T> {
        let text = self.text(setting);
        if text.is_empty() && setting.default.is_none() {
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(setting.name, format_args!("{text:?}: {error}. {}", setting.sentence()));
                setting.default.and_then(|d| d.parse().ok())
            }
        }
    }

    /// As `parse`, for a setting whose empty value does not mean its default.
    pub fn parse_blank<T: FromStr<Err: Display>>(&mut self, setting: &Setting) -> Option<T> {
        let blank = self.vars.get(setting.name).is_some_and(|v| v.trim().is_empty());
        let without_default = Setting { default: Some(""), ..*setting };
        self.parse(if blank { &without_default } else { setting })
    }

    /// As `parse`, for a setting whose default is known to parse.
    pub fn value<T: FromStr<Err: Display> + Default>(&mut self, setting: &Setting) -> T {
        self.parse(setting).unwrap_or_default()
    }

    /// A duration such as `250ms`, `30s`, `15m`, `72h`.
    pub fn duration(&mut self, setting: &Setting) -> Duration {
        self.parse::<humantime::Duration>(setting).map(Into::into).unwrap_or_default()
    }

    /// Durations separated by commas.
    pub fn durations(&mut self, setting: &Setting) -> Vec<Duration> {
        let text = self.text(setting);
        let parsed: Result<Vec<Duration>, _> =
            text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(humantime::parse_duration).collect();
        parsed.unwrap_or_else(|error| {
            self.fault(setting.name, format_args!("{text:?}: {error}. {}", setting.sentence()));
            Vec::new()
        })
    }

    /// `1`, `true`, `yes`, `on` or `0`, `false`, `no`, `off`.
    pub fn flag(&mut self, setting: &Setting) -> bool {
        match self.text(setting).to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => true,
            "" | "0" | "false" | "no" | "off" => false,
            _ => {
                self.fault(setting.name, format_args!("is neither 1 nor 0. {}", setting.sentence()));
                false
            }
        }
    }

    /// A secret from `NAME`, or from the file that `NAME_FILE` names. Surrounding white space is removed.
    pub fn secret(&mut self, setting: &Setting) -> Option<SecretString> {
        debug_assert!(setting.secret, "{} is read as what it is not", setting.name);
        let file_name = format!("{}_FILE", setting.name);
        let inline = self.optional(setting);
        let Some(path) = self.vars.get(&file_name).filter(|p| !p.is_empty()) else {
            return inline.map(SecretString::from);
        };
        if inline.is_some() {
            self.fault(&file_name, format_args!("is set together with {}; keep one of them", setting.name));
            return None;
        }
        match std::fs::read_to_string(path) {
            Ok(text) if !text.trim().is_empty() => Some(SecretString::from(text.trim().to_owned())),
            Ok(_) => {
                self.fault(&file_name, "names an empty file");
                None
            }
            Err(error) => {
                self.fault(&file_name, format_args!("names a file that cannot be read: {error}"));
                None
            }
        }
    }

    /// As `secret`, but a missing value is a fault.
    pub fn required_secret(&mut self, setting: &Setting) -> SecretString {
        let before = self.faults.len();
        let secret = self.secret(setting);
        if secret.is_none() && self.faults.len() == before {
            let what = format!("is not set (nor {}_FILE). {}", setting.name, setting.sentence());
            self.fault(setting.name, what);
        }
        secret.unwrap_or_default()
    }

    /// Returns `value` unless a fault was found.
    pub fn finish<T>(self, value: T) -> Result<T, Faults> {
        if self.faults.is_empty() { Ok(value) } else { Err(Faults(self.faults)) }
    }
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable.
    pub name: String,
    /// The fault and its correction. Never the value of a secret.
    pub what: String,
}

/// All faults of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        writeln!(f, "configuration: {count} {}", if count == 1 { "error" } else { "errors" })?;
        for fault in &self.0 {
            writeln!(f, "  {}: {}", fault.name, fault.what)?;
        }
        write!(f, "Every variable is described in docs/configuration.md.")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const RATE: Setting = Setting::new("RATE", "10", "messages per second");
    const LEASE: Setting = Setting::new("LEASE", "90s", "how long");
    const TOKEN: Setting = Setting::required("TOKEN", "the token").secret();

    #[test]
    fn all_faults_are_reported_together_with_their_corrections() {
        let mut env = Env::of([("RATE", "many"), ("LEASE", "90 parsecs")]);
        let rate: u32 = env.value(&RATE);
        env.duration(&LEASE);
        env.required_secret(&TOKEN);
        assert_eq!(rate, 10);
        let text = env.finish(()).unwrap_err().to_string();
        for expected in ["3 errors", "RATE", "Messages per second", "LEASE", "TOKEN", "TOKEN_FILE"] {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn unset_and_empty_variables_have_their_defaults() {
        let mut env = Env::of([("LEASE", " ")]);
        assert_eq!(env.duration(&LEASE), Duration::from_secs(90));
        assert_eq!(env.value::<u32>(&RATE), 10);
        assert!(env.finish(()).is_ok());
    }

    #[test]
    fn an_empty_value_can_differ_from_the_default() {
        const NAME: Setting = Setting::new("NAME", "x", "a name");
        let read = |vars: &[(&str, &str)]| Env::of(vars.iter().copied()).parse_blank::<String>(&NAME);
        assert_eq!(read(&[]).as_deref(), Some("x"));
        assert_eq!(read(&[("NAME", " ")]).as_deref(), Some(""));
        assert_eq!(read(&[("NAME", "y")]).as_deref(), Some("y"));
    }

    #[test]
    fn a_secret_comes_from_a_file_without_its_line_break() {
        let path = std::env::temp_dir().join(format!("secret-{}", uuid::Uuid::now_v7()));
        std::fs::write(&path, "s3cret\n").unwrap();
        let mut env = Env::of([("TOKEN_FILE", path.to_str().unwrap())]);
        assert_eq!(env.required_secret(&TOKEN).expose_secret(), "s3cret");
        let mut both = Env::of([("TOKEN_FILE", path.to_str().unwrap()), ("TOKEN", "x")]);
        both.required_secret(&TOKEN);
        assert!(both.finish(()).unwrap_err().to_string().contains("keep one"));
        std::fs::remove_file(path).unwrap();
    }
}
