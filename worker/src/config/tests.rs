use std::time::Duration;

use super::*;

const GOOD: [(&str, &str); 5] = [
    ("DATABASE_URL", "postgres://u@127.0.0.1/db"),
    ("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672"),
    ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
    ("TWILIO_AUTH_TOKEN", "0123456789abcdef0123456789abcdef"),
    ("TWILIO_MESSAGING_SERVICE_SID", "MG00000000000000000000000000000001"),
];

fn read(extra: &[(&str, &str)]) -> Result<Config, Faults> {
    Config::read(Env::of(GOOD.iter().chain(extra).copied()))
}

#[test]
fn the_documented_defaults_hold() {
    let config = read(&[]).unwrap();
    assert_eq!(config.pace.concurrency, 10);
    assert_eq!(config.pace.segments_per_second, 10);
    assert_eq!(config.timing.lease, Duration::from_secs(90));
    assert_eq!(config.timing.unknown_checks.last(), Some(&Duration::from_secs(900)));
    assert_eq!(config.timing.probe.max, Duration::from_secs(300));
    assert_eq!(config.method, Method::Lookup);
    assert_eq!(config.backfill_window.to_string(), "08:00-20:00 Asia/Kathmandu");
    assert_eq!(config.whatsapp.channels.to_string(), "welcome=sms tip=whatsapp notice=sms reply=same");
    assert_eq!(config.whatsapp.sync_interval, Duration::from_secs(600));
    assert_eq!(config.whatsapp.prices, "utility=0.009 marketing=0.078".parse().unwrap());
    assert_eq!(config.whatsapp.fallback_within, Duration::from_secs(4 * 3600));
    assert_eq!(read(&[("BACKFILL_WINDOW", "")]).unwrap().backfill_window, Window::Always);
}

#[test]
fn everything_missing_is_named_at_once() {
    let text = Config::read(Env::of::<&str, &str>([])).unwrap_err().to_string();
    for name in [
        "DATABASE_URL",
        "AMQP_URL",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_MESSAGING_SERVICE_SID",
    ] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn settings_that_are_wrong_together_are_refused() {
    let recorded = include_str!("../../../testing/cases/public-url-with-query/env.txt");
    let recorded = recorded.split_once('=').unwrap().1;
    for (name, value, word) in [
        ("LEASE", "59s", "LEASE"),
        ("TWILIO_TIMEOUT", "200s", "TWILIO_TIMEOUT"),
        ("UNKNOWN_CHECKS", "5m,1m", "UNKNOWN_CHECKS"),
        ("BREAKER_PROBE", "5m..1s", "BREAKER_PROBE"),
        ("TWILIO_FROM", "AAMCARE", "keep one"),
        ("PUBLIC_URL", "http://hooks.example.org", "https"),
        ("TWILIO_API_KEY_SID", "SK00000000000000000000000000000001", "TWILIO_API_KEY_SECRET"),
        ("DATABASE_URL", "postgres://u@db.example.org/db", "sslmode"),
        ("ALLOWED_COUNTRIES", "NP,Narnia", "ALLOWED_COUNTRIES"),
        ("BACKFILL_WINDOW", "08:00-20:00 Kathmandu", "time zone"),
        ("PUBLIC_URL", recorded.trim(), "PUBLIC_URL: must end before the '?'"),
        ("PUBLIC_URL", "https://hooks.example.org/#rc=2", "PUBLIC_URL: must end before the '#'"),
        ("TWILIO_API_BASE_URL", "https://api.twilio.com/?x=1", "TWILIO_API_BASE_URL: must end"),
        ("TWILIO_LOOKUPS_BASE_URL", "https://lookups.twilio.com/#v2", "TWILIO_LOOKUPS_BASE_URL: must end"),
        ("TWILIO_MESSAGING_BASE_URL", "https://messaging.twilio.com?", "TWILIO_MESSAGING_BASE_URL: must end"),
        ("TWILIO_ACCOUNTS_BASE_URL", "https://accounts.twilio.com#", "TWILIO_ACCOUNTS_BASE_URL: must end"),
        ("TWILIO_CONTENT_BASE_URL", "https://content.twilio.com?x", "TWILIO_CONTENT_BASE_URL: must end"),
        ("TEMPLATE_SYNC_INTERVAL", "0s", "at least 1s"),
        ("CHANNELS", "tip=email", "unknown channel \"email\""),
        ("CHANNELS", "tip=same", "only a reply"),
        ("TWILIO_WHATSAPP_FROM", "+14155238886", "give `whatsapp:` and the number"),
        ("WHATSAPP_MAX_PEOPLE_PER_DAY", "many", "WHATSAPP_MAX_PEOPLE_PER_DAY"),
        ("FALLBACK_WITHIN", "long", "FALLBACK_WITHIN"),
        ("WHATSAPP_PRICE_USD", "utility=1 utility=2", "utility is there twice"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://collector:4318/?token=1",
            "OTEL_EXPORTER_OTLP_ENDPOINT: must",
        ),
        ("DATABASE_URL", "mysql://root@127.0.0.1/aamcare", "must begin with postgres://"),
        ("ADMIN_ADDR", "127.0.0.1:9464", "the address of OPS_ADDR"),
        ("ADMIN_ADDR", "0.0.0.0:8080", "the address of WEBHOOK_ADDR"),
        ("ADMIN_ADDR", "127.0.0.1:9465", "nobody could sign in"),
    ] {
        let text = read(&[(name, value)]).unwrap_err().to_string();
        assert!(text.contains(word), "{name}: {text}");
    }
}

#[test]
fn a_proxy_that_signs_people_in_must_be_named_and_know_a_secret() {
    let base = [("ADMIN_ADDR", "127.0.0.1:9465"), ("ADMIN_PROXY_HEADER", "X-Forwarded-User")];
    let text = read(&base).unwrap_err().to_string();
    assert!(text.contains("TRUSTED_PROXIES") && text.contains("ADMIN_PROXY_SECRET"), "{text}");
    let weak = [&base[..], &[("TRUSTED_PROXIES", "10.0.0.0/8"), ("ADMIN_PROXY_SECRET", "short")]].concat();
    assert!(read(&weak).unwrap_err().to_string().contains("16 characters"));
    let wrong = [&base[..], &[("TRUSTED_PROXIES", "everybody")]].concat();
    assert!(read(&wrong).unwrap_err().to_string().contains("CIDR"));
    let good =
        [&base[..], &[("TRUSTED_PROXIES", "10.0.0.0/8, ::1"), ("ADMIN_PROXY_SECRET", "0123456789abcdef")]]
            .concat();
    let admin = read(&good).unwrap().admin.unwrap();
    assert_eq!(admin.trusted.len(), 2);
    assert!(admin.proxy.unwrap().operators.is_empty());
    assert!(read(&[]).unwrap().admin.is_none(), "off unless ADMIN_ADDR is set");
}

#[test]
fn prefetch_keeps_permits_busy_and_never_exceeds_what_the_rate_soon_drains() {
    assert_eq!(prefetch(10, 10), 84);
    assert_eq!(prefetch(512, 1), 15);
    assert_eq!(prefetch(512, 0), 1088);
}

#[test]
fn traces_go_nowhere_unless_a_collector_is_named() {
    assert_eq!(read(&[]).unwrap().otlp_endpoint, None);
    let named = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")]).unwrap();
    assert_eq!(named.otlp_endpoint.unwrap().as_str(), "http://collector:4318/");
    for wrong in ["collector:4318", "grpc://collector:4317", "4318"] {
        let text = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", wrong)]).unwrap_err().to_string();
        assert!(text.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{wrong}: {text}");
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", read(&[]).unwrap());
    assert!(!shown.contains("0123456789abcdef") && !shown.contains("guest"), "{shown}");
}
