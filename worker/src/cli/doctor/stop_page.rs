//! The stop page: STOP_LINK_BASE leads to a worker, over TLS.

use reqwest::StatusCode;
use shared::config::Env;

use super::{finding::Findings, http_client::client};
use crate::{
    config::{StopLinkBase, StopLinks},
    http::stop_page::PAGE_MARK,
};

const CHECK: &str = "stop page";

pub(super) async fn check(found: &mut Findings) {
    let mut env = Env::of_process();
    let links = StopLinks::read(&mut env);
    let Ok(links) = env.finish(links) else {
        return found.skipped(CHECK, "not tried: see the settings above");
    };
    let Some(links) = links else {
        return found.skipped(CHECK, "STOP_LINK_BASE is not set: messages carry no code");
    };
    if links.base.is_plain() {
        let advice = "give the host a certificate and write STOP_LINK_BASE with https://: a code is a secret";
        found.warning(CHECK, "STOP_LINK_BASE is not encrypted", advice);
    }
    page(found, &links.base).await;
}

/// Asks for a code that no number has. The page is the same for every code.
async fn page(found: &mut Findings, base: &StopLinkBase) {
    let answer = async {
        let response = client(base.as_url())?.get(base.unknown_url()).send().await?;
        let ours = response
            .headers()
            .get(&PAGE_MARK.0)
            .is_some_and(|mark| mark.as_bytes() == PAGE_MARK.1.as_bytes());
        Ok::<_, reqwest::Error>((response.status(), ours))
    };
    match answer.await {
        Ok((StatusCode::OK | StatusCode::TOO_MANY_REQUESTS, true)) => {
            found.passed(CHECK, "STOP_LINK_BASE answers with the page");
        }
        Ok((StatusCode::SERVICE_UNAVAILABLE, true)) => {
            found.unreachable(CHECK, "the page answers 503", "its worker cannot reach Postgres: see its log");
        }
        Ok((status, _)) => {
            let text = format!("GET {}, not our page", status.as_u16());
            let advice = "another server answers at STOP_LINK_BASE: point it, and the proxy, to WEBHOOK_ADDR with the same path";
            found.misconfigured(CHECK, text, advice);
        }
        Err(_) => {
            let advice = "start `worker run`, or check STOP_LINK_BASE, WEBHOOK_ADDR, and the proxy and certificate between them";
            found.warning(CHECK, "STOP_LINK_BASE does not answer from this machine", advice);
        }
    }
}
