//! How many SMS segments a body takes (3GPP TS 23.038 alphabets, as Twilio counts them).

const GSM_BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// Segments of `body`: 160 (153 when split) septets of GSM-7, else 70 (67) units of UCS-2.
/// An escaped septet pair or a surrogate pair is never split.
pub(crate) fn segments(body: &str) -> u16 {
    let gsm: Option<Vec<usize>> = body.chars().map(septets).collect();
    match gsm {
        Some(widths) => pack(&widths, 160, 153),
        None => pack(&body.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn septets(character: char) -> Option<usize> {
    if character.is_ascii_alphanumeric() || GSM_BASIC.contains(character) {
        Some(1)
    } else if GSM_EXTENDED.contains(character) {
        Some(2)
    } else {
        None
    }
}

fn pack(widths: &[usize], single: usize, part: usize) -> u16 {
    if widths.iter().sum::<usize>() <= single {
        return 1;
    }
    let (mut parts, mut used) = (1, 0);
    for width in widths {
        if used + width > part {
            parts += 1;
            used = 0;
        }
        used += width;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn gsm_bodies() {
        for (count, expected) in [(160, 1), (161, 2), (306, 2), (307, 3)] {
            assert_eq!(segments(&"a".repeat(count)), expected, "{count}");
        }
        assert_eq!((segments(&"€".repeat(80)), segments(&"€".repeat(81))), (1, 2));
        let split_pair = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        assert_eq!(segments(&split_pair), 3);
    }

    #[test]
    fn ucs2_bodies() {
        for (count, expected) in [(70, 1), (71, 2), (134, 2), (135, 3), (1600, 24)] {
            assert_eq!(segments(&"न".repeat(count)), expected, "{count}");
        }
        for (count, expected) in [(35, 1), (36, 2), (67, 3)] {
            assert_eq!(segments(&"😀".repeat(count)), expected, "{count}");
        }
        assert_eq!((segments("`"), segments("नमस्ते")), (1, 1));
    }
}
