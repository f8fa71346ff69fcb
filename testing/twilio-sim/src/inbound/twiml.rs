//! What a webhook's answer would send to the person (Twilio docs, "TwiML for Programmable Messaging": XML and HTML are read
//! as TwiML, plain text is a reply as it is).

/// Whether the body is TwiML, and the texts of its messages.
pub(super) fn read(content_type: Option<&str>, body: &str) -> (bool, Vec<String>) {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind == "text/plain" {
        let text = body.trim();
        return (false, if text.is_empty() { Vec::new() } else { vec![text.to_owned()] });
    }
    let xml = matches!(kind, "text/xml" | "application/xml" | "text/html");
    match element(body, "Response").filter(|_| xml && starts_with_element(body)) {
        Some((content, _)) => (true, messages(content)),
        None => (false, Vec::new()),
    }
}

/// Whether the root is the first element; an XML declaration may precede it.
fn starts_with_element(body: &str) -> bool {
    let body = body.trim_start();
    let body = match body.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, rest)| rest),
        None => body,
    };
    body.trim_start().starts_with("<Response")
}

fn messages(mut content: &str) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some((message, rest)) = element(content, "Message") {
        let text = element(message, "Body").map_or(message, |(body, _)| body);
        texts.push(unescape(without_tags(text).trim()));
        content = rest;
    }
    texts
}

/// The content of the first element with this name, and what follows it.
fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find(&format!("<{name}"))?;
        let rest = &text[start + 1 + name.len()..];
        if !rest.starts_with(['>', '/', ' ', '\t', '\r', '\n']) {
            from = start + 1;
            continue;
        }
        let (attributes, rest) = rest.split_once('>')?;
        if attributes.ends_with('/') {
            return Some(("", rest));
        }
        return rest.split_once(&*format!("</{name}>"));
    }
}

fn without_tags(text: &str) -> String {
    let mut inside = false;
    let keep = |character: &char| {
        let kept = !inside && *character != '<';
        inside = (inside || *character == '<') && *character != '>';
        kept
    };
    text.chars().filter(keep).collect()
}

fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let read = part.split_once(';').and_then(|(name, rest)| Some((entity(name)?, rest)));
        if let Some((character, rest)) = read {
            plain.push(character);
            plain.push_str(rest);
        } else {
            plain.push('&');
            plain.push_str(part);
        }
    }
    plain
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let code = name.strip_prefix('#')?;
            let number = match code.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    fn xml(body: &str) -> (bool, Vec<String>) {
        read(Some("text/xml; charset=utf-8"), body)
    }

    #[test]
    fn silence_is_twiml_without_messages() {
        for silent in ["<Response/>", "<Response></Response>", "<?xml version=\"1.0\"?>\n<Response />"] {
            assert_eq!(xml(silent), (true, Vec::new()), "{silent}");
        }
        for other in ["", "<html><Response/></html>", "<ResponseX/>", "<Response>", "ok"] {
            assert_eq!(xml(other), (false, Vec::new()), "{other}");
        }
        assert_eq!(read(None, "<Response/>"), (false, Vec::new()));
        assert_eq!(read(Some("application/json"), "<Response/>"), (false, Vec::new()));
    }

    #[test]
    fn messages_are_read() {
        let body = "<Response><Message to=\"+1\">नमस्ते &amp; &#x41;&lt;</Message><Messages/>\
            <Message><Body> two </Body><Media>https://example.com</Media></Message><Message/></Response>";
        assert_eq!(xml(body), (true, vec!["नमस्ते & A<".to_owned(), "two".to_owned(), String::new()]));
    }

    #[test]
    fn plain_text_is_a_reply() {
        assert_eq!(read(Some("text/plain"), "ok\n"), (false, vec!["ok".to_owned()]));
        assert_eq!(read(Some("text/plain"), " "), (false, Vec::new()));
    }
}
