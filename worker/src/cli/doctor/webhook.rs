//! What answers on WEBHOOK_ADDR. Status callbacks: signatures are verified, and PUBLIC_URL leads to a worker.

use reqwest::{Client, StatusCode};
use secrecy::SecretString;
use shared::config::{Env, insecure_allowed};
use url::Url;

use super::{finding::Findings, http_client::client, stop_page};
use crate::{
    config::TwilioConfig,
    twilio::{SignatureValidator, sign_form},
};

/// Names no account and no message, so that the worker accepts a good signature and changes nothing.
const FORM: [(&str, &str); 1] = [("Doctor", "1")];

pub(super) async fn check(found: &mut Findings) {
    callbacks(found).await;
    stop_page::check(found).await;
}

async fn callbacks(found: &mut Findings) {
    let mut env = Env::of_process();
    let insecure = &insecure_allowed(&mut env);
    let config = TwilioConfig::read(&mut env, insecure);
    let Ok(config) = env.finish(config) else {
        return found.skipped("signature", "not tried: see the settings above");
    };
    let Some(public) = &config.public_url else {
        return found.skipped("address", "PUBLIC_URL is not set: Twilio is not asked for callbacks");
    };
    let url = format!("{}/twilio/status", public.as_str().trim_end_matches('/'));
    signatures(found, &config.webhook_tokens, &url);
    address(found, &config.webhook_tokens, public, &url).await;
}

fn signatures(found: &mut Findings, tokens: &[SecretString], url: &str) {
    let validator = SignatureValidator::new(tokens);
    let body = b"Doctor=1";
    let good = tokens.iter().all(|token| {
        let signature = sign_form(token, url, &FORM).unwrap_or_default();
        validator.verify_form(url, body, signature.as_bytes())
            && !validator.verify_form(url, b"Doctor=2", signature.as_bytes())
    });
    if good {
        found.passed("signature", "a signature by TWILIO_AUTH_TOKEN is verified, an altered form is refused");
    } else {
        found.misconfigured("signature", "not verified with TWILIO_AUTH_TOKEN", "copy the token again");
    }
}

async fn address(found: &mut Findings, tokens: &[SecretString], public: &Url, url: &str) {
    let Some(token) = tokens.first() else { return };
    let signature = sign_form(token, url, &FORM).unwrap_or_default();
    let forged = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let answers = async {
        let client = client(public)?;
        let get = client.get(url).send().await?.status();
        let wrong = post(&client, url, forged).await?;
        let good = post(&client, url, &signature).await?;
        Ok::<_, reqwest::Error>((get, wrong, good))
    };
    match answers.await {
        Ok((StatusCode::METHOD_NOT_ALLOWED, StatusCode::FORBIDDEN, StatusCode::NO_CONTENT)) => {
            found.passed("address", "PUBLIC_URL answers: GET 405, wrong signature 403, good signature 204");
        }
        Ok((StatusCode::METHOD_NOT_ALLOWED, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN)) => {
            let advice =
                "the worker there runs with another TWILIO_AUTH_TOKEN or PUBLIC_URL: restart it with these";
            found.misconfigured("address", "a good signature is refused (403)", advice);
        }
        Ok((get, wrong, good)) => {
            let (get, wrong, good) = (get.as_u16(), wrong.as_u16(), good.as_u16());
            let text =
                format!("GET {get}, wrong signature {wrong}, good signature {good}; not 405, 403, 204");
            let advice = "another server answers at PUBLIC_URL: point it, and the proxy, to WEBHOOK_ADDR";
            found.misconfigured("address", text, advice);
        }
        Err(_) => {
            let advice = "start `worker run`, or check PUBLIC_URL, WEBHOOK_ADDR and the proxy between them";
            found.warning("address", "PUBLIC_URL does not answer from this machine", advice);
        }
    }
}

async fn post(client: &Client, url: &str, signature: &str) -> Result<StatusCode, reqwest::Error> {
    Ok(client.post(url).header("X-Twilio-Signature", signature).form(&FORM).send().await?.status())
}
