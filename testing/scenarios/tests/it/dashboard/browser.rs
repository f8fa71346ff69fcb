//! As much of a browser as a test needs: cookies, forms, and no redirects that it does not see.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::Context as _;
use reqwest::{
    Client, RequestBuilder,
    header::{COOKIE, HeaderMap, SET_COOKIE},
    redirect::Policy,
};
use support::PATIENCE;

/// The response to a request.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The same as it was sent.
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The token of the first form.
    pub(crate) fn token(&self) -> anyhow::Result<String> {
        let (_, rest) = self.body.split_once("name=\"csrf\" value=\"").context("a form with a token")?;
        Ok(rest.split_once('"').context("the end of the token")?.0.to_owned())
    }
}

/// One browser.
pub(crate) struct Browser {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build()?;
        Ok(Self { client, base: format!("http://{address}"), cookies: BTreeMap::new() })
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Page> {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with(&mut self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Page> {
        let mut request = self.client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let request = self.client.post(format!("{}{path}", self.base)).form(fields);
        self.send(request).await
    }

    /// Fills in the login form and sends it.
    pub(crate) async fn sign_in(&mut self, name: &str, password: &str) -> anyhow::Result<Page> {
        let token = self.get("/login").await?.token()?;
        self.post("/login", &[("csrf", &token), ("name", name), ("password", password)]).await
    }

    /// The same, through a proxy that says where it comes from.
    pub(crate) async fn sign_in_from(
        &mut self,
        address: &str,
        name: &str,
        password: &str,
    ) -> anyhow::Result<Page> {
        let token = self.get("/login").await?.token()?;
        let fields = [("csrf", token.as_str()), ("name", name), ("password", password)];
        let request = self.client.post(format!("{}/login", self.base)).form(&fields);
        self.send(request.header("X-Forwarded-For", address)).await
    }

    /// Sends a form with the session's token.
    pub(crate) async fn act(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let token = self.get("/").await?.token()?;
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    async fn send(&mut self, request: RequestBuilder) -> anyhow::Result<Page> {
        let cookies: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let answer = request.header(COOKIE, cookies.join("; ")).send().await?;
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await?.to_vec();
        Ok(Page { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes })
    }
}
