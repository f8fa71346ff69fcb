//! The discreetness lint: words that a message must not contain. Phones are shared, and a lock screen must not reveal to
//! a household that someone is pregnant, has a newborn or is being treated.

/// A part of a text that reveals the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The forbidden stem, word or sign.
    pub forbidden: &'static str,
}

/// The brand, which contains a forbidden word.
const BRAND: &str = "aamcare";

/// Latin stems, forbidden anywhere in a word.
#[rustfmt::skip]
const STEMS: [&str; 43] = [
    "pregnan", "matern", "mother", "natal", "birth", "baby", "babies", "newborn", "infant", "childb",
    "trimester", "gestat", "midwi", "obstet", "gynec", "gynaec", "ultraso", "breast", "lactat", "womb",
    "uterus", "fetus", "fetal", "foetus", "foetal", "embryo", "miscarr", "abortion", "stillb", "contracep",
    "fertil", "vaccin", "immuni", "syphilis", "caesar", "cesar", "garbha", "garva", "bachcha", "sutkeri",
    "prasuti", "shishu", "matri",
];
/// Latin words, forbidden on their own.
#[rustfmt::skip]
const WORDS: [&str; 22] = [
    "anc", "pnc", "hiv", "aids", "sti", "std", "edd", "lmp", "mom", "moms", "mum", "mums", "mommy", "mummy",
    "labor", "labour", "delivery", "child", "children", "aama", "ama", "khop",
];
/// Devanagari stems, forbidden anywhere.
#[rustfmt::skip]
const DEVANAGARI: [&str; 22] = [
    "गर्भ", "आमा", "बच्चा", "बच्ची", "शिशु", "नवजात", "सुत्केरी", "प्रसव", "प्रसूति", "प्रसुति", "जन्म",
    "मातृ", "स्तन", "खोप", "भ्रूण", "पाठेघर", "महिनावारी", "बालक", "बालिका", "एचआइभी", "एचआईभी", "एड्स",
];
const SIGNS: [&str; 8] = ["🤰", "🫃", "🫄", "🤱", "👶", "🍼", "🚼", "🧷"];

/// Finds parts that reveal the condition. A discreet text has none.
pub fn lint(text: &str) -> Vec<Finding> {
    let plain: String = text.chars().filter(|c| !is_joiner(*c)).flat_map(char::to_lowercase).collect();
    let plain = plain.replace(BRAND, " ");
    let words: Vec<&str> = plain.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let anywhere = STEMS.iter().chain(&DEVANAGARI).chain(&SIGNS).filter(|stem| plain.contains(**stem));
    let alone = WORDS.iter().filter(|word| words.contains(*word));
    anywhere.chain(alone).map(|forbidden| Finding { forbidden }).collect()
}

/// Invisible characters that would hide a word from a search.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&'static str> {
        lint(text).into_iter().map(|finding| finding.forbidden).collect()
    }

    #[test]
    fn the_condition_is_found() {
        for (text, forbidden) in [
            ("Your PREGNANCY week 12", "pregnan"),
            ("for mothers", "mother"),
            ("Baby's first week", "baby"),
            ("ante-natal visit", "natal"),
            ("birthday", "birth"),
            ("your ANC visit", "anc"),
            ("HIV test", "hiv"),
            ("Vaccine due", "vaccin"),
            ("गर्भावस्था", "गर्भ"),
            ("आमाको लागि", "आमा"),
            ("बच्चाको खोप", "बच्चा"),
            ("preg\u{200C}nant", "pregnan"),
            ("hello 🤰🏽", "🤰"),
        ] {
            assert!(found(text).contains(&forbidden), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn discreet_words_pass() {
        for text in
            ["Welcome to Aamcare, aamcare.np", "AAMCARE", "your balance", "systematic advance", "नमस्ते"]
        {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn the_brand_hides_nothing_beside_it() {
        assert_eq!(found("Aamcare: aama"), ["aama"]);
        assert_eq!(found("Aamcare आमा"), ["आमा"]);
    }
}
