//! How a stored or signed-up number is read: which country it belongs to, and whether that country may be texted.

use super::{CountryCode, CountryList, E164, Phone, Region, Rejection, check_country, normalise};
use crate::config::{Env, settings};

/// The settings that decide about numbers. The worker, the imports and the backfill read numbers with the same ones.
#[derive(Debug, Clone)]
pub struct NumberPolicy {
    /// The region of numbers without a country code, where no hint is given.
    pub region: Region,
    /// The countries that may be texted.
    pub countries: CountryList,
}

impl NumberPolicy {
    /// Reads `DEFAULT_REGION` and `ALLOWED_COUNTRIES`.
    pub fn read(env: &mut Env) -> Self {
        let region = env.parse(&settings::DEFAULT_REGION).unwrap_or(Region::NEPAL);
        Self { region, countries: env.value(&settings::ALLOWED_COUNTRIES) }
    }

    /// The number to text, read with the country that the portal names, else in the default region. A hint that is no
    /// country is ignored.
    ///
    /// # Errors
    /// Why the number cannot be texted.
    pub fn textable(&self, raw: &str, country_hint: Option<&str>) -> Result<Phone, Rejection> {
        let phone = self.normalise(raw, country_hint)?;
        check_country(&phone.e164, &self.countries).map(|()| phone)
    }

    /// The number in E.164, whether or not its country may be texted. None if the text is no usable number.
    pub fn identity(&self, raw: &str, country_hint: Option<&str>) -> Option<E164> {
        self.normalise(raw, country_hint).ok().map(|phone| phone.e164)
    }

    fn normalise(&self, raw: &str, country_hint: Option<&str>) -> Result<Phone, Rejection> {
        let hinted = country_hint.and_then(|hint| hint.parse::<CountryCode>().ok());
        normalise(raw, hinted.map_or(self.region, Region::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allowed: &str) -> NumberPolicy {
        let mut env = Env::of([("ALLOWED_COUNTRIES", allowed)]);
        let policy = NumberPolicy::read(&mut env);
        env.finish(policy).unwrap()
    }

    #[test]
    fn the_hint_beats_the_default_region() {
        let any = policy("*");
        let e164 = |hint| any.textable("9876543210", hint).map(|p| p.e164.as_str().to_owned());
        assert_eq!(e164(Some("IN")).unwrap(), "+919876543210");
        assert!(e164(None) != e164(Some("IN")) && e164(Some("??")) == e164(None));
    }

    #[test]
    fn a_country_may_be_closed() {
        let nepal = policy("NP");
        assert_eq!(nepal.textable("00919876543210", None), Err(Rejection::CountryNotAllowed));
        assert!(policy("*").textable("00919876543210", None).is_ok());
        assert_eq!(nepal.identity("9876543210", Some("IN")).unwrap().as_str(), "+919876543210");
        assert!(nepal.textable("९८०७९६९२७८", None).is_ok());
    }
}
