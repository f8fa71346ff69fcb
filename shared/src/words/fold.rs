//! One spelling for the many ways in which people type a word: letters, marks and digits stay, everything else separates
//! words.
//!
//! Rules 6 to 9 merge spellings that Nepali writers do not keep apart. They also merge a few different words, so a phrase
//! of the lists is compared only after both sides are folded.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Folds a text. The result is in Unicode normalisation form C, words are separated by one space, and folding it again
/// does not change it.
///
/// 1. Canonically equivalent texts give the same result.
/// 2. ASCII letters become lower case.
/// 3. Invisible characters and apostrophes are removed: zero-width characters, marks of direction, variation selectors.
/// 4. Everything that is not a letter, a mark (Unicode category M) or a digit separates words: blanks, punctuation,
///    danda, emoji, control characters.
/// 5. Devanagari digits become ASCII digits.
/// 6. Long and short i and u become the short ones, as vowels and as vowel signs.
/// 7. ब and व become ब. श, ष and स become स.
/// 8. Anusvara before त, थ, द, ध and न becomes न and virama: बंद is बन्द. Elsewhere it is removed.
/// 9. Chandrabindu and nukta are removed.
///
/// A text of question marks without any letter or digit becomes `?`, because that is a request for help.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut visible = text.nfd().filter(|c| !is_removed(*c)).peekable();
    while let Some(c) = visible.next() {
        match c {
            'ं' if matches!(visible.peek(), Some('त' | 'थ' | 'द' | 'ध' | 'न')) => {
                folded.push_str("न्");
            }
            'ं' => {}
            _ if is_of_word(c) => folded.push(merged(c)),
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    if folded.is_empty() && text.contains(['?', '？', '؟']) {
        return "?".to_owned();
    }
    folded.trim_end().nfc().collect()
}

/// The one spelling of a character of a word: rules 2, 5, 6 and 7.
fn merged(c: char) -> char {
    match c {
        'A'..='Z' => c.to_ascii_lowercase(),
        '०'..='९' => devanagari_digit(c),
        'ई' => 'इ',
        'ऊ' => 'उ',
        'ी' => 'ि',
        'ू' => 'ु',
        'व' => 'ब',
        'श' | 'ष' => 'स',
        _ => c,
    }
}

/// Invisible characters, apostrophes, chandrabindu, nukta, and the marks that only symbols have, such as the keycap.
fn is_removed(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{FEFF}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}'
        | '\u{20D0}'..='\u{20FF}'
        | '\'' | '`' | '´' | '‘' | '’' | '\u{2BC}'
        | 'ँ' | '\u{93C}')
}

/// Whether a character is a part of a word. Emoji that Unicode counts as letters or numbers are not, such as ℹ and 🅰.
fn is_of_word(c: char) -> bool {
    let symbol = matches!(c,
        'ℹ' | '\u{2460}'..='\u{24FF}' | '\u{3200}'..='\u{32FF}' | '\u{1F000}'..='\u{1FAFF}');
    !symbol && (c.is_alphanumeric() || is_combining_mark(c))
}

fn devanagari_digit(c: char) -> char {
    let value = u32::from(c) - u32::from('०');
    char::from_digit(value, 10).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_folded(cases: &[(&str, &str)]) {
        for (text, folded) in cases {
            assert_eq!(fold(text), *folded, "{text:?}");
            assert_eq!(fold(folded), *folded, "again: {text:?}");
        }
    }

    #[test]
    fn equivalent_texts_are_one() {
        assert_folded(&[
            ("cafe\u{301}", "caf\u{e9}"),
            ("caf\u{e9}", "caf\u{e9}"),
            ("CAF\u{c9}", "caf\u{e9}"),
        ]);
        // Precomposed and with a separate nukta.
        assert_folded(&[("\u{929}", "न"), ("न\u{93C}", "न"), ("\u{958}लम", "कलम"), ("क\u{93C}लम", "कलम")]);
        // The joiner hides a pair that composes.
        assert_folded(&[("cafe\u{200D}\u{301}", "caf\u{e9}")]);
    }

    #[test]
    fn ascii_letters_become_lower_case() {
        assert_folded(&[("STOP", "stop"), ("StOpAlL", "stopall"), ("\u{212A}am", "kam")]);
    }

    #[test]
    fn invisible_characters_are_removed() {
        let invisible = [
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{FEFF}',
            '\u{2060}',
            '\u{FE0E}',
            '\u{FE0F}',
            '\u{200E}',
            '\u{200F}',
            '\u{202B}',
            '\u{202C}',
            '\u{2067}',
            '\u{2069}',
            '\u{AD}',
            '\u{61C}',
            '\u{E0101}',
        ];
        for mark in invisible {
            assert_folded(&[(&format!("{mark}ब{mark}न्द{mark}"), "बन्द"), (&format!("{mark}"), "")]);
        }
    }

    #[test]
    fn apostrophes_do_not_separate_words() {
        assert_folded(&[("won't", "wont"), ("won’t", "wont"), ("‘stop’", "stop"), ("`stop´", "stop")]);
    }

    #[test]
    fn punctuation_danda_and_controls_separate_words() {
        assert_folded(&[
            ("stop.", "stop"),
            ("“stop”", "stop"),
            ("*stop* _now_", "stop now"),
            ("Stop.Thank you", "stop thank you"),
            ("opt-out", "opt out"),
            ("बन्द।", "बन्द"),
            ("बन्द॥ गर", "बन्द गर"),
            ("\0stop\0\r\n\tnow\u{A0}", "stop now"),
            ("  a \u{3000} b  ", "a b"),
            ("... !", ""),
            ("", ""),
        ]);
    }

    #[test]
    fn emoji_separate_words() {
        assert_folded(&[
            ("STOP 👍", "stop"),
            ("STOP👍🏽now", "stop now"),
            ("❤️बन्द❤️", "बन्द"),
            ("👩‍👩‍👧‍👦🇳🇵", ""),
            ("🅰️ℹ️Ⓜ️㊗️①", ""),
            ("1️⃣", "1"),
        ]);
    }

    #[test]
    fn marks_stay_so_that_devanagari_stays_in_one_piece() {
        assert_folded(&[("रोक्नुहोस्", "रोक्नुहोस्"), ("सन्देश", "सन्देस"), ("दुःख", "दुःख")]);
    }

    #[test]
    fn devanagari_digits_become_ascii() {
        assert_folded(&[("०१२३४५६७८९", "0123456789"), ("हप्तामा १", "हप्तामा 1")]);
    }

    #[test]
    fn spellings_of_nepali_are_merged() {
        assert_folded(&[
            ("गर्नुहोला जी", "गर्नुहोला जि"),
            ("सुरू", "सुरु"),
            ("शुरु", "सुरु"),
            ("ईमेल ऊ", "इमेल उ"),
            ("ज्वरो", "ज्बरो"),
            ("विष", "बिस"),
            ("बेहोश", "बेहोस"),
        ]);
    }

    #[test]
    fn anusvara_becomes_a_letter_only_before_dentals() {
        assert_folded(&[
            ("बंद", "बन्द"),
            ("संदेश", "सन्देस"),
            ("अंत", "अन्त"),
            ("नंबर", "नबर"),
            ("करें", "करे"),
            ("ंंत", "न्त"),
            ("ं ं", ""),
            ("त ं त", "त त"),
            ("ब\u{902}\u{200D}द", "बन्द"),
        ]);
    }

    #[test]
    fn chandrabindu_and_nukta_are_removed() {
        assert_folded(&[("चाहिँदैन", "चाहिदैन"), ("काँप", "काप"), ("ज़रूरत", "जरुरत")]);
    }

    #[test]
    fn question_marks_alone_become_one() {
        assert_folded(&[("?", "?"), (" ??? 🙏", "?"), ("\u{200D}？!", "?"), ("stop?", "stop"), ("!", "")]);
    }
}
