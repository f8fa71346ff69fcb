//! The page of a stop link, under the path of `STOP_LINK_BASE` on `WEBHOOK_ADDR`. Scanners and previews open links, so GET
//! changes nothing; POST acts. The code is the only proof, so nobody else's data is shown: two digits of the number.

mod answer;
mod limit;
mod site;
mod texts;
mod view;
mod visit;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest as _, Request, State},
    http::StatusCode,
    middleware::from_fn,
    response::Response,
    routing::get,
};
use ipnet::IpNet;
use shared::{
    consent::{
        Door, Person, Source, StopCode,
        doors::{self, Effect},
    },
    db::sqlstate,
    phone::{self, Region},
};
use sqlx::PgPool;
use tokio::{sync::Semaphore, time::timeout};
use url::form_urlencoded;

use self::{answer::Answer, limit::Limit, site::Site, view::Body, visit::Visit};
use crate::{
    config::StopLinks,
    store::stop_links::{self, Link},
};

pub(crate) use answer::MARK as PAGE_MARK;

/// The forms have one short field.
const MAX_BODY: usize = 4 * 1024;
/// Requests that ask the database at the same time: the tasks of the worker share its connections.
const PLACES: usize = 2;
/// Until a person is asked to try again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The stop page of one worker.
pub(crate) struct StopPage {
    pool: PgPool,
    site: Site,
    /// Of numbers that people type.
    region: Region,
    unknown_codes: Limit,
    requests: Limit,
    places: Semaphore,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Stop,
    Loss,
    WrongNumber,
    Undo,
}

impl Act {
    fn parse(name: &str) -> Option<Self> {
        [Self::Stop, Self::Loss, Self::WrongNumber, Self::Undo].into_iter().find(|act| act.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Loss => "loss",
            Self::WrongNumber => "wrong_number",
            Self::Undo => "undo",
        }
    }

    /// As the audit log and the list of suppressions show it. It names no condition.
    fn reason(self) -> &'static str {
        match self {
            Self::Stop => "stop page",
            Self::Loss => "stop page: our situation has changed",
            Self::WrongNumber => "stop page: not my number",
            Self::Undo => "stop page: undone",
        }
    }
}

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
enum Away {
    #[error("{}", sqlstate(.0))]
    Database(#[from] sqlx::Error),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TooSlow,
}

impl StopPage {
    pub(crate) fn new(
        links: &StopLinks,
        help_line: Option<String>,
        pool: PgPool,
        region: Region,
        trusted: Vec<IpNet>,
    ) -> Self {
        let site = Site { path: links.base.path().to_owned(), help_line, trusted };
        Self {
            pool,
            site,
            region,
            unknown_codes: Limit::default(),
            requests: Limit::default(),
            places: Semaphore::new(PLACES),
        }
    }

    /// Asks the database, within a time and beside few others.
    async fn ask<T>(&self, question: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Away> {
        let answer = timeout(PATIENCE, async {
            // Never closed.
            let _place = self.places.acquire().await;
            question.await
        });
        Ok(answer.await.map_err(|_| Away::TooSlow)??)
    }

    async fn link(&self, code: Option<StopCode>) -> Result<Option<Link>, Away> {
        match code {
            Some(code) => self.ask(stop_links::find(&self.pool, code)).await,
            None => Ok(None),
        }
    }

    async fn carry_out(&self, act: Act, link: &Link) -> Result<Effect, Away> {
        let (person, reason) = (Person::Number(&link.phone), act.reason());
        let door = &Door { source: Source::Link, actor: "link", reason, action: None };
        match act {
            Act::Stop => self.ask(doors::stop(&self.pool, person, door)).await,
            Act::Loss => self.ask(doors::loss(&self.pool, person, door)).await,
            Act::WrongNumber => self.ask(doors::wrong_number(&self.pool, person, door)).await,
            Act::Undo if link.may_undo => self.ask(doors::undo(&self.pool, &link.phone, door)).await,
            Act::Undo => Ok(Effect::Already),
        }
    }

    async fn open_request(&self, typed: &str) -> Result<bool, Away> {
        let Ok(phone) = phone::normalise(typed.trim(), self.region) else { return Ok(false) };
        let open = async {
            let mut connection = self.pool.acquire().await?;
            stop_links::open_stop_request(&mut connection, &phone.e164).await
        };
        self.ask(open).await
    }
}

/// The routes of the page.
pub(crate) fn routes(page: StopPage) -> Router {
    let (codes, form) = (format!("{}{{*code}}", page.site.path), page.site.path.clone());
    let bare = form.trim_end_matches('/');
    let mut router =
        Router::new().route(&codes, get(show).post(press)).route(&form, get(show_form).post(take_form));
    if !bare.is_empty() {
        router = router.route(bare, get(show_form).post(take_form));
    }
    router.layer(DefaultBodyLimit::max(MAX_BODY)).layer(from_fn(answer::harden)).with_state(Arc::new(page))
}

/// The page of a code.
async fn show(State(page): State<Arc<StopPage>>, request: Request) -> Response {
    let visit = Visit::of(&page.site, &request);
    let answer = match page.link(visit.code).await {
        Err(away) => unavailable(&away),
        Ok(Some(link)) => Answer::page("shown", StatusCode::OK, Body::of(&link, visit.done)),
        Ok(None) if page.unknown_codes.admit(visit.address) => {
            Answer::page("unknown", StatusCode::OK, Body::of_unknown(visit.done))
        }
        Ok(None) => Answer::limited(),
    };
    answer.into_response(&page.site, &visit)
}

/// A button of the page of a code.
async fn press(State(page): State<Arc<StopPage>>, request: Request) -> Response {
    let visit = Visit::of(&page.site, &request);
    let answer = match read_form(&visit, request).await {
        Ok(form) => match field(&form, "act").as_deref().and_then(Act::parse) {
            Some(act) => take(&page, &visit, act).await,
            None => Answer::refused("bad_request", StatusCode::BAD_REQUEST),
        },
        Err(refused) => refused,
    };
    answer.into_response(&page.site, &visit)
}

async fn take(page: &StopPage, visit: &Visit, act: Act) -> Answer {
    let link = match page.link(visit.code).await {
        Ok(Some(link)) => link,
        Ok(None) if page.unknown_codes.admit(visit.address) => return Answer::done("unknown"),
        Ok(None) => return Answer::limited(),
        Err(away) => return unavailable(&away),
    };
    match page.carry_out(act, &link).await {
        Ok(effect) => {
            let code = visit.code.map(|code| code.masked());
            tracing::info!(code, act = act.name(), ?effect, "stop page");
            Answer::done(act.name())
        }
        Err(away) => unavailable(&away),
    }
}

/// The form for people without a code.
async fn show_form(State(page): State<Arc<StopPage>>, request: Request) -> Response {
    let visit = Visit::of(&page.site, &request);
    Answer::page("form", StatusCode::OK, Body::Form { done: visit.done }).into_response(&page.site, &visit)
}

/// That form, sent. Anyone can type any number, so it stops nothing by itself, and every number has the same answer.
async fn take_form(State(page): State<Arc<StopPage>>, request: Request) -> Response {
    let visit = Visit::of(&page.site, &request);
    let answer = match read_form(&visit, request).await {
        Ok(form) if page.requests.admit(visit.address) => {
            match page.open_request(&field(&form, "phone").unwrap_or_default()).await {
                Ok(opened) => {
                    tracing::info!(opened, "a number was typed into the stop page");
                    Answer::done("stop_request")
                }
                Err(away) => unavailable(&away),
            }
        }
        // As every other answer, but no task.
        Ok(_) => Answer::done("limited"),
        Err(refused) if refused.is("cross_site") => Answer::done("cross_site"),
        Err(refused) => refused,
    };
    answer.into_response(&page.site, &visit)
}

async fn read_form(visit: &Visit, request: Request) -> Result<Bytes, Answer> {
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|_| Answer::refused("bad_request", StatusCode::PAYLOAD_TOO_LARGE))?;
    if visit.cross_site { Err(Answer::refused("cross_site", StatusCode::FORBIDDEN)) } else { Ok(body) }
}

fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn unavailable(away: &Away) -> Answer {
    tracing::warn!(error = %away, "the stop page needs Postgres");
    Answer::page("unavailable", StatusCode::SERVICE_UNAVAILABLE, Body::Unavailable)
}

#[cfg(test)]
mod tests;
