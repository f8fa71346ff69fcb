mod undo;

use std::net::SocketAddr;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use secrecy::SecretString;
use shared::{config::Env, consent::LinkKey, phone::E164};
use tokio::{net::TcpListener, task::JoinHandle};

use super::*;
use crate::{
    http::listener::{self, Limits},
    store::{
        batch::Statement as _,
        claim::ClaimResult,
        stop_links::IssueCodes,
        world::{World, now},
    },
};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const NUMBER: &str = "+9779841234567";
const CODE: &str = "PCWDDR9B5";
const UNKNOWN: &str = "000000000";

/// A page with one live code.
struct Site {
    world: World,
    address: SocketAddr,
    client: Client,
    serving: JoinHandle<()>,
}

impl Site {
    async fn open() -> Self {
        Self::open_at("https://aamcare.np/s/").await
    }

    async fn open_at(base: &str) -> Self {
        shared::amqp::install_crypto();
        let world = World::create().await;
        let vars = [("STOP_LINK_BASE", base), ("LINK_KEY", KEY)];
        let links = StopLinks::read(&mut Env::of(vars)).unwrap();
        let key = LinkKey::parse(&SecretString::from(KEY.to_owned())).unwrap();
        let issue = IssueCodes { pool: world.pool.clone(), key };
        assert_eq!(issue.run(&[E164::parse(NUMBER).unwrap()]).await.unwrap()[0].as_str(), CODE);
        let trusted = vec!["127.0.0.0/8".parse().unwrap()];
        let help_line = Some("01-4200000".to_owned());
        let page = StopPage::new(&links, help_line, world.pool.clone(), Region::NEPAL, trusted);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(listener::serve(listener, routes(page), Limits::USUAL));
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { world, address, client, serving }
    }

    async fn close(self) {
        self.serving.abort();
        self.world.end().await;
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.request(Method::POST, path).form(form).send().await.unwrap()
    }

    async fn press(&self, act: &str) {
        let response = self.post(&format!("/s/{CODE}"), &[("act", act)]).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{act}");
        assert_eq!(response.headers()["location"], format!("/s/{CODE}?done"));
    }

    /// Ledger, active suppressions, tasks.
    async fn stored(&self) -> [i64; 3] {
        let mut counts = [0; 3];
        for (count, from) in
            counts.iter_mut().zip(["consent_ledger", "suppressions WHERE lifted_at IS NULL", "staff_tasks"])
        {
            let sql = format!("SELECT count(*) FROM {from}");
            *count = sqlx::query_scalar(&sql).fetch_one(&self.world.pool).await.unwrap();
        }
        counts
    }

    async fn execute(&self, sql: &str) {
        sqlx::query(sql).execute(&self.world.pool).await.unwrap();
    }
}

#[tokio::test]
async fn opening_the_page_changes_nothing() {
    let site = Site::open().await;
    for path in ["", "?done", "?lang=en", "?act=stop", "?done&lang=en"] {
        for method in [Method::GET, Method::HEAD] {
            let response = site.request(method, &format!("/s/{CODE}{path}")).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK, "{path}");
        }
    }
    assert_eq!(site.stored().await, [0, 0, 0]);
    site.close().await;
}

#[tokio::test]
async fn the_page_is_small_discreet_and_shows_two_digits() {
    let site = Site::open().await;
    let response = site.get(&format!("/s/{CODE}")).await;
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex"),
        ("referrer-policy", "no-referrer"),
        ("x-aamcare-page", "stop"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!response.headers().contains_key("set-cookie"));
    let nepali = response.text().await.unwrap();
    let english = site.page(&format!("/s/{CODE}?lang=en")).await;
    for (page, language) in [(&nepali, "ne"), (&english, "en")] {
        assert!(page.len() < 8 * 1024 && page.contains(&format!("<html lang=\"{language}\">")));
        assert!(page.contains("<b>67</b>") && !page.contains("4567") && !page.contains(CODE), "{page}");
        assert!(page.contains("01-4200000") && page.contains("tel:014200000"));
        assert!(!page.contains("<script") && page.contains("prefers-color-scheme"));
        assert_eq!(shared::templates::discreetness::lint(page), [], "{language}");
    }
    assert!(nepali.contains("हाम्रो अवस्था फेरिएको छ") && nepali.contains("href=\"?lang=en\""));
    assert!(english.contains("our situation has changed") && english.contains("action=\"?lang=en\""));
    site.close().await;
}

#[tokio::test]
async fn one_press_stops_and_a_second_one_changes_nothing() {
    let site = Site::open().await;
    site.press("stop").await;
    let stored = site.stored().await;
    assert_eq!(stored[1..], [1, 0]);
    for act in ["stop", "stop"] {
        site.press(act).await;
    }
    assert_eq!(site.stored().await, stored);
    let page = site.page(&format!("/s/{CODE}?done&lang=en")).await;
    assert!(page.contains("Messages are stopped.") && page.contains("value=\"undo\""), "{page}");
    let source: String =
        sqlx::query_scalar("SELECT source FROM suppressions").fetch_one(&site.world.pool).await.unwrap();
    assert_eq!(source, "link");
    site.close().await;
}

#[tokio::test]
async fn a_code_is_read_in_any_case_and_the_language_is_kept() {
    let site = Site::open().await;
    let response = site.post("/s/pcwddr9b5?lang=en", &[("act", "stop")]).await;
    assert_eq!(response.headers()["location"], "/s/pcwddr9b5?done&lang=en");
    assert_eq!(site.stored().await[1], 1);
    site.close().await;
}

#[tokio::test]
async fn a_post_without_a_known_act_or_from_another_site_is_refused() {
    let site = Site::open().await;
    let path = format!("/s/{CODE}");
    for form in [&[][..], &[("act", "")], &[("act", "Stop")], &[("do", "stop")], &[("act", "resume")]] {
        assert_eq!(site.post(&path, form).await.status(), StatusCode::BAD_REQUEST, "{form:?}");
    }
    let crossed = |origin: &'static str| {
        site.request(Method::POST, &path).header("Sec-Fetch-Site", origin).form(&[("act", "stop")]).send()
    };
    assert_eq!(crossed("cross-site").await.unwrap().status(), StatusCode::FORBIDDEN);
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let response = site.request(method.clone(), &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    let long = "x".repeat(4 * 1024);
    let response = site.post(&path, &[("act", "stop"), ("x", &long)]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(site.stored().await, [0, 0, 0]);
    assert_eq!(crossed("same-origin").await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(site.stored().await[1], 1);
    site.close().await;
}

#[tokio::test]
async fn unknown_and_revoked_codes_look_the_same() {
    let site = Site::open().await;
    let unknown = site.page(&format!("/s/{UNKNOWN}")).await;
    assert!(!unknown.contains("<b>") && unknown.contains("value=\"stop\""), "{unknown}");
    site.execute("UPDATE stop_links SET revoked_at = now()").await;
    assert_eq!(site.page(&format!("/s/{CODE}")).await, unknown);
    let done = site.page(&format!("/s/{UNKNOWN}?done")).await;
    assert_eq!(site.page(&format!("/s/{CODE}?done")).await, done);
    for code in [CODE, UNKNOWN] {
        let response = site.post(&format!("/s/{code}"), &[("act", "stop")]).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
    }
    assert_eq!(site.stored().await, [0, 0, 0]);
    site.close().await;
}

#[tokio::test]
async fn every_other_path_is_an_unknown_code() {
    let site = Site::open().await;
    let unknown = site.page(&format!("/s/{UNKNOWN}")).await;
    let long = "A".repeat(10_000);
    for code in [
        "PCWDDR9B",
        "PCWDDR9B55",
        "PCWDDR9BU",
        "PCWDDR9B%20",
        "%50CWDDR9B5",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%FF%FE",
        "PCWDDR9B5/",
        "a/b/c",
        "РСWDDR9B5",
        "१२३४५६७८९",
        long.as_str(),
    ] {
        assert_eq!(site.page(&format!("/s/{code}")).await, unknown, "{code:.40}");
    }
    site.close().await;
}

#[tokio::test]
async fn unknown_codes_are_limited_and_a_live_code_never_is() {
    let site = Site::open().await;
    let from = |address: &'static str, path: String| {
        site.request(Method::GET, &path).header("X-Forwarded-For", address)
    };
    for _ in 0..20 {
        let response = from("203.0.113.1", format!("/s/{UNKNOWN}")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    for path in [format!("/s/{UNKNOWN}"), "/s/x".to_owned()] {
        let limited = from("203.0.113.200", path).send().await.unwrap();
        assert_eq!(limited.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(limited.headers()["retry-after"], "60");
        assert!(limited.text().await.unwrap().contains("name=\"phone\""), "the way out");
    }
    let neighbour = from("203.0.114.1", format!("/s/{UNKNOWN}")).send().await.unwrap();
    assert_eq!(neighbour.status(), StatusCode::OK, "another network");
    let live = from("203.0.113.1", format!("/s/{CODE}")).send().await.unwrap();
    assert_eq!(live.status(), StatusCode::OK);
    let unknown =
        site.request(Method::POST, &format!("/s/{UNKNOWN}")).header("X-Forwarded-For", "203.0.113.1");
    let unknown = unknown.form(&[("act", "stop")]).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::TOO_MANY_REQUESTS);
    let live = site.request(Method::POST, &format!("/s/{CODE}")).header("X-Forwarded-For", "203.0.113.1");
    assert_eq!(live.form(&[("act", "stop")]).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(site.stored().await[1], 1);
    site.close().await;
}

#[tokio::test]
async fn a_typed_number_opens_one_task_and_stops_nothing() {
    let site = Site::open().await;
    let page = site.page("/s?lang=en").await;
    assert!(page.contains("name=\"phone\"") && page.contains("action=\"/s?lang=en\""), "{page}");
    assert_eq!(site.page("/s/?lang=en").await, page);
    for typed in ["9841234567", "+977 984-1234567", "९८४१२३४५६७", "12", "", "not a number"]
    {
        let response = site.post("/s", &[("phone", typed)]).await;
        assert_eq!(
            (response.status(), &response.headers()["location"]),
            (StatusCode::SEE_OTHER, &"/s?done".parse().unwrap()),
            "{typed}"
        );
    }
    assert_eq!(site.post("/s", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(site.stored().await, [0, 0, 1]);
    assert!(site.page("/s?done&lang=en").await.contains("We have received it"));
    site.close().await;
}

#[tokio::test]
async fn the_path_is_that_of_the_base() {
    let site = Site::open_at("https://a.np/").await;
    assert!(site.page(&format!("/{CODE}")).await.contains("<b>67</b>"));
    assert!(site.page("/").await.contains("action=\"/?\""));
    let response = site.post("//example.org/", &[("act", "stop")]).await;
    assert_eq!(response.headers()["location"], "/example.org/?done");
    site.close().await;
}

#[tokio::test]
async fn without_the_database_the_page_says_so_and_names_the_help_line() {
    let site = Site::open().await;
    site.world.pool.close().await;
    for response in [
        site.get(&format!("/s/{CODE}?lang=en")).await,
        site.post("/s?lang=en", &[("phone", "9841234567")]).await,
    ] {
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let page = response.text().await.unwrap();
        assert!(page.contains("try again") && page.contains("01-4200000"), "{page}");
    }
    site.close().await;
}
