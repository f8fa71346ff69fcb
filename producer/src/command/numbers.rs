//! How the worker will read a stored number. The one place here that knows `shared::phone`.

use shared::{
    config::{Env, settings},
    phone::{self, CountryCode, CountryList, E164, Phone, Region, Rejection},
};

/// The settings that decide about numbers.
#[derive(Debug, Clone)]
pub struct Numbers {
    region: Region,
    allowed: CountryList,
}

impl Numbers {
    /// Reads `DEFAULT_REGION` and `ALLOWED_COUNTRIES`.
    pub fn read(env: &mut Env) -> Self {
        let region = env.parse(&settings::DEFAULT_REGION).unwrap_or(Region::NONE);
        Self { region, allowed: env.value(&settings::ALLOWED_COUNTRIES) }
    }

    /// The number to text, read with the country that the portal knows of, else the default region.
    pub fn textable(&self, raw: &str, country_hint: Option<&str>) -> Result<Phone, Rejection> {
        let phone = self.normalise(raw, country_hint)?;
        phone::check_country(&phone.e164, &self.allowed)?;
        Ok(phone)
    }

    /// Which number it is, read so, whether or not its country may be texted. None when it is no number.
    pub fn identity(&self, raw: &str, country_hint: Option<&str>) -> Option<E164> {
        self.normalise(raw, country_hint).ok().map(|phone| phone.e164)
    }

    fn normalise(&self, raw: &str, country_hint: Option<&str>) -> Result<Phone, Rejection> {
        let hinted = country_hint.and_then(|hint| hint.parse::<CountryCode>().ok());
        phone::normalise(raw, hinted.map_or(self.region, Region::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(allowed: &str) -> Numbers {
        let mut env = Env::of([("ALLOWED_COUNTRIES", allowed)]);
        let numbers = Numbers::read(&mut env);
        env.finish(numbers).unwrap()
    }

    #[test]
    fn the_hint_beats_the_default_region() {
        let any = numbers("*");
        let e164 = |hint| any.textable("9876543210", hint).map(|p| p.e164.as_str().to_owned());
        assert_eq!(e164(Some("IN")).unwrap(), "+919876543210");
        assert!(e164(None) != e164(Some("IN")) && e164(Some("??")) == e164(None));
    }

    #[test]
    fn a_country_may_be_closed() {
        let nepal = numbers("NP");
        assert_eq!(nepal.textable("00919876543210", None), Err(Rejection::CountryNotAllowed));
        assert!(numbers("*").textable("00919876543210", None).is_ok());
        assert_eq!(nepal.identity("9876543210", Some("IN")).unwrap().as_str(), "+919876543210");
        assert!(nepal.textable("९८०७९६९२७८", None).is_ok());
    }
}
