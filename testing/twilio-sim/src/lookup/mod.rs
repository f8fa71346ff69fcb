//! Lookup v2: is it a number, and what kind of line.

mod line;
mod verdict;

use serde::Serialize;

use crate::faults::LookupEffect;
use crate::server::{Call, Reply};
use line::LineType;
use verdict::Verdict;

/// The answer, in Twilio's order; packages that were not asked for are null.
#[derive(Debug, Serialize)]
struct LookupView<'a> {
    calling_country_code: Option<String>,
    country_code: Option<String>,
    phone_number: String,
    national_format: Option<String>,
    valid: bool,
    validation_errors: Vec<&'a str>,
    caller_name: (),
    sim_swap: (),
    call_forwarding: (),
    line_type_intelligence: Option<LineType>,
    line_status: (),
    identity_match: (),
    reassigned_number: (),
    sms_pumping_risk: (),
    phone_number_quality_score: (),
    pre_fill: (),
    url: String,
}

/// `GET /v2/PhoneNumbers/{number}`; always 200, the verdict is in the body.
pub(crate) fn lookup(call: &Call, number: &str) -> Reply {
    let mut verdict = Verdict::of(number, call.query.filled("CountryCode"));
    if let Some(LookupEffect::Invalid(error)) = &call.effects.lookup {
        verdict.errors = vec![error.clone()];
    }
    let wants_line = call
        .query
        .filled("Fields")
        .is_some_and(|fields| fields.split(',').any(|field| field.trim() == "line_type_intelligence"));
    let line = wants_line.then(|| match &call.effects.lookup {
        Some(LookupEffect::PackageError(code)) => LineType::failed(*code),
        Some(LookupEffect::Line(kind)) => LineType::of(&verdict).typed(kind),
        _ => LineType::of(&verdict),
    });
    Reply::json(200, &view(verdict.errors.iter().map(String::as_str).collect(), &verdict, line))
}

fn view<'a>(errors: Vec<&'a str>, verdict: &Verdict, line: Option<LineType>) -> LookupView<'a> {
    LookupView {
        calling_country_code: verdict.calling_code.clone(),
        country_code: verdict.country.clone(),
        url: format!("https://lookups.twilio.com/v2/PhoneNumbers/{}", verdict.number),
        phone_number: verdict.number.clone(),
        national_format: verdict.national.clone(),
        valid: errors.is_empty(),
        validation_errors: errors,
        caller_name: (),
        sim_swap: (),
        call_forwarding: (),
        line_type_intelligence: line,
        line_status: (),
        identity_match: (),
        reassigned_number: (),
        sms_pumping_risk: (),
        phone_number_quality_score: (),
        pre_fill: (),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Effects, Operation};
    use crate::form::Form;
    use crate::server::Resource;

    fn answer(number: &str, query: &str, effect: Option<LookupEffect>) -> serde_json::Value {
        let call = Call {
            body: bytes::Bytes::new(),
            resource: Resource::Lookup { number: number.to_owned() },
            operation: Operation::Lookup,
            host: String::new(),
            path: String::new(),
            query: Form::parse(query.as_bytes()),
            form: Form::default(),
            effects: Effects { lookup: effect, ..Effects::default() },
        };
        serde_json::from_slice(&lookup(&call, number).body).unwrap()
    }

    #[test]
    fn valid_and_invalid() {
        let valid = answer("+9779841234567", "", None);
        assert_eq!((&valid["valid"], &valid["national_format"]), (&true.into(), &"984-1234567".into()));
        assert!(
            valid["line_type_intelligence"].is_null() && valid["validation_errors"] == serde_json::json!([])
        );
        let short = answer("+977984123", "", None);
        assert_eq!((&short["valid"], &short["validation_errors"][0]), (&false.into(), &"TOO_SHORT".into()));
    }

    #[test]
    fn line_type_on_request() {
        let line = &answer("9801234567", "CountryCode=NP&Fields=line_type_intelligence", None)["line_type_intelligence"];
        assert_eq!((&line["type"], &line["mobile_country_code"]), (&"mobile".into(), &"429".into()));
        assert_eq!(line["mobile_network_code"], "02");
    }

    #[test]
    fn faults_show_in_the_body() {
        let fields = "Fields=line_type_intelligence";
        let failed = answer("+9779841234567", fields, Some(LookupEffect::PackageError(60600)));
        assert_eq!(failed["line_type_intelligence"]["error_code"], 60600);
        let invalid = answer("+9779841234567", "", Some(LookupEffect::Invalid("NOT_A_NUMBER".to_owned())));
        assert_eq!(invalid["valid"], false);
        let landline = answer("+9779841234567", fields, Some(LookupEffect::Line("landline".to_owned())));
        assert_eq!(landline["line_type_intelligence"]["type"], "landline");
    }
}
