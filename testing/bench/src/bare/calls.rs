//! The two calls, with the worker's HTTP library and its settings.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use shared::templates::{self, Language};
use url::form_urlencoded::Serializer;

/// A client of one account.
pub(super) struct Twilio {
    http: reqwest::Client,
    messages: Url,
    lookups: String,
    service: String,
    body: &'static str,
}

#[derive(Deserialize)]
struct Looked {
    valid: bool,
}

#[derive(Deserialize)]
struct Created {
    sid: String,
}

impl Twilio {
    /// From the worker's environment.
    pub(super) fn of_process() -> anyhow::Result<Self> {
        let base = std::env::var("TWILIO_API_BASE_URL")?;
        let account = std::env::var("TWILIO_ACCOUNT_SID")?;
        let pair = STANDARD.encode(format!("{account}:{}", std::env::var("TWILIO_AUTH_TOKEN")?));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Basic {pair}"))?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .http1_only()
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            http,
            messages: format!("{base}/2010-04-01/Accounts/{account}/Messages.json").parse()?,
            lookups: format!("{base}/v2/PhoneNumbers/"),
            service: std::env::var("TWILIO_MESSAGING_SERVICE_SID")?,
            body: templates::welcome(Language::Ne).content().text().unwrap_or_default(),
        })
    }

    /// Whether the number, in E.164, is valid.
    pub(super) async fn lookup(&self, phone: &str) -> anyhow::Result<bool> {
        let url = format!("{}%2B{}", self.lookups, &phone[1..]);
        let body = self.http.get(url).send().await?.error_for_status()?.bytes().await?;
        Ok(serde_json::from_slice::<Looked>(&body)?.valid)
    }

    /// Creates the message; returns its SID.
    pub(super) async fn create(&self, phone: &str) -> anyhow::Result<String> {
        let call = self.http.post(self.messages.clone()).body(self.form(phone));
        let call = call.header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let body = call.send().await?.error_for_status()?.bytes().await?;
        Ok(serde_json::from_slice::<Created>(&body)?.sid)
    }

    fn form(&self, phone: &str) -> String {
        let mut form = Serializer::new(String::with_capacity(1024));
        form.append_pair("To", phone).append_pair("MessagingServiceSid", &self.service);
        form.append_pair("Body", self.body).append_pair("ValidityPeriod", "14400");
        form.finish()
    }
}
