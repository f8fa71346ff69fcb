use super::*;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const SID: &str = "SM00000000000000000000000000000003";

fn ours() -> OurSenders {
    OurSenders {
        account: ACCOUNT.to_owned(),
        sms: Sender::Service(ServiceSid::parse("MG00000000000000000000000000000001").unwrap()),
        whatsapp: Some(Sender::From("whatsapp:+14155238886".to_owned())),
    }
}

fn read(more: &[(&str, &str)]) -> Result<Incoming, NotTaken> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    // The first of two fields counts.
    form.extend_pairs(more).extend_pairs([
        ("AccountSid", ACCOUNT),
        ("MessageSid", SID),
        ("From", "whatsapp:+9779841234567"),
        ("To", "whatsapp:+14155238886"),
    ]);
    Incoming::read(form.finish().as_bytes(), &ours())
}

#[test]
fn the_type_of_a_message_is_known_by_its_fields() {
    for (more, kind) in [
        (&[("Body", "a")][..], MessageType::Text),
        (&[("MessageType", "image"), ("NumMedia", "1")], MessageType::Media),
        (&[("NumMedia", "11")], MessageType::Media),
        (&[("MessageType", "button"), ("ButtonPayload", "stop")], MessageType::Button),
        (&[("MessageType", "interactive"), ("ListId", "weekly")], MessageType::Button),
        (&[("Latitude", "27.7"), ("Longitude", "85.3")], MessageType::Location),
        (&[("MessageType", "contacts")], MessageType::Contacts),
        (&[("MessageType", "reaction")], MessageType::Reaction),
        (&[("MessageType", "a new one"), ("New", "field")], MessageType::Other),
    ] {
        assert_eq!(read(more).unwrap().kind, kind, "{more:?}");
    }
    assert_eq!(read(&[("NumMedia", "11")]).unwrap().media, 11);
    assert_eq!(read(&[("NumMedia", "-1")]).unwrap().media, 0);
}

#[test]
fn an_author_is_a_number_an_id_or_both() {
    let author = |more: &[(&str, &str)]| {
        let author = read(more).unwrap().author;
        (author.number().map(|n| n.as_str().to_owned()), author.external_id().map(str::to_owned))
    };
    let (number, id) = (Some("+9779841234567".to_owned()), Some("NP.123".to_owned()));
    assert_eq!(author(&[]), (number.clone(), None));
    assert_eq!(author(&[("ExternalUserId", "whatsapp:NP.123")]), (number, id.clone()));
    assert_eq!(author(&[("From", "whatsapp:NP.123")]), (None, id));
    let long = format!("whatsapp:{}", "x".repeat(500));
    assert_eq!(author(&[("From", &long)]).1.map(|id| id.len()), Some(LONGEST_ID));
    assert_eq!(read(&[("From", "whatsapp:")]).unwrap_err(), NotTaken::Malformed);
}

#[test]
fn a_message_to_a_service_names_it() {
    let sms = [("From", "+9779841234567"), ("To", "+15005550006")];
    assert_eq!(read(&sms).unwrap_err(), NotTaken::OtherSender);
    let of = |service| [("MessagingServiceSid", service), sms[0], sms[1]];
    assert_eq!(read(&of("MG00000000000000000000000000000001")).unwrap().channel, Channel::Sms);
    assert_eq!(read(&of("MG00000000000000000000000000000002")).unwrap_err(), NotTaken::OtherSender);
    assert_eq!(read(&[("AccountSid", "AC1")]).unwrap_err(), NotTaken::OtherAccount);
    assert_eq!(read(&[("MessageSid", "SM1")]).unwrap_err(), NotTaken::Malformed);
}

#[test]
fn text_and_person_stay_out_of_debug() {
    let incoming = read(&[("Body", "her text"), ("ExternalUserId", "NP.123")]).unwrap();
    let shown = format!("{incoming:?} {:?}", incoming.author);
    assert!(!shown.contains("her text") && !shown.contains("984123") && !shown.contains("NP.123"), "{shown}");
}
