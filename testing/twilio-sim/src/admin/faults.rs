//! `/_sim/faults`: GET shows, POST appends, PUT replaces, DELETE clears.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bad_request;
use crate::app::App;
use crate::faults::Rule;
use crate::server::Reply;

pub(super) fn show(app: &App) -> Reply {
    Reply::json(200, &json!({ "rules": app.faults.states() }))
}

pub(super) fn add(app: &App, body: &[u8]) -> Reply {
    with_rules(app, body, |rules| app.faults.add(rules))
}

pub(super) fn replace(app: &App, body: &[u8]) -> Reply {
    with_rules(app, body, |rules| app.faults.replace(rules))
}

pub(super) fn clear(app: &App) -> Reply {
    app.faults.replace(Vec::new());
    show(app)
}

fn with_rules(app: &App, body: &[u8], apply: impl FnOnce(Vec<Rule>)) -> Reply {
    match read(body) {
        Ok(rules) => {
            apply(rules);
            show(app)
        }
        Err(error) => bad_request(&error),
    }
}

/// One rule, a list of rules, or `{"rules": […]}`.
fn read(body: &[u8]) -> Result<Vec<Rule>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wrapped {
        rules: Vec<Rule>,
    }
    let value: Value = serde_json::from_slice(body)?;
    if value.is_array() {
        serde_json::from_value(value)
    } else if value.get("rules").is_some() {
        serde_json::from_value::<Wrapped>(value).map(|wrapped| wrapped.rules)
    } else {
        serde_json::from_value(value).map(|rule| vec![rule])
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn one_rule_or_many() {
        let rule = r#"{"action":{"type":"reset"}}"#;
        assert_eq!(read(rule.as_bytes()).unwrap().len(), 1);
        assert_eq!(read(format!("[{rule},{rule}]").as_bytes()).unwrap().len(), 2);
        assert_eq!(read(format!(r#"{{"rules":[{rule}]}}"#).as_bytes()).unwrap().len(), 1);
        for bad in ["", "{}", "[1]", r#"{"rules":1}"#] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
