//! Signing in with a password.

use std::{net::IpAddr, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::{FromRequest as _, Request, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use cookie::time::Duration;
use secrecy::SecretString;
use serde::Deserialize;
use shared::audit::{self, NewEntry};

use crate::{
    config::Account,
    http::{
        client_address,
        dashboard::{
            Admin,
            answer::{Failure, page},
            auth,
            page_context::PageContext,
            session::{self, random_token, same},
        },
    },
};

/// Bound to the form, so that a link cannot sign another person in.
const TOKEN: &str = "aamcare_login";
const TOKEN_AGE: Duration = Duration::hours(1);

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    view: PageContext,
    token: String,
    fault: Option<&'static str>,
    by_password: bool,
}

#[derive(Deserialize)]
pub(crate) struct Typed {
    csrf: String,
    name: String,
    password: SecretString,
}

pub(crate) async fn show(State(admin): State<Arc<Admin>>, view: PageContext) -> Result<Response, Failure> {
    form(&admin, view, None, StatusCode::OK)
}

pub(crate) async fn enter(
    State(admin): State<Arc<Admin>>,
    view: PageContext,
    request: Request,
) -> Result<Response, Failure> {
    let address = client_address::client(&admin.config.trusted, request.extensions(), request.headers());
    let headers = request.headers().clone();
    auth::same_site(&headers)?;
    let typed: Result<Form<Typed>, FormRejection> = Form::from_request(request, &()).await;
    let Form(typed) = typed?;
    if !bound(&headers, &typed.csrf) {
        let expired = view.t.form_expired;
        return form(&admin, view, Some(expired), StatusCode::FORBIDDEN);
    }
    if !admin.login_limit.admit(&typed.name, address) {
        tracing::warn!(%address, "sign-in refused: too many tries");
        let many = view.t.too_many_tries;
        return form(&admin, view, Some(many), StatusCode::TOO_MANY_REQUESTS);
    }
    let Some(account) = check(&admin, typed, address).await else {
        let wrong = view.t.wrong_password;
        return form(&admin, view, Some(wrong), StatusCode::UNAUTHORIZED);
    };
    welcome(&admin, &account).await
}

async fn check(admin: &Admin, typed: Typed, address: IpAddr) -> Option<Account> {
    let account = admin.config.accounts.find(&typed.name);
    let right = admin.passwords.check(account.map(|a| a.hash.as_str()), typed.password).await;
    let Some(account) = account.filter(|_| right) else {
        // Without the name: users sometimes type a password into that field.
        tracing::warn!(%address, "sign-in failed");
        return None;
    };
    admin.login_limit.forgive(&account.name, address);
    Some(account.clone())
}

async fn welcome(admin: &Admin, account: &Account) -> Result<Response, Failure> {
    let mut tx = admin.pool().begin().await?;
    let deed = NewEntry { actor: &account.name, action: "sign in", subject: "dashboard", reason: "" };
    audit::note(&mut tx, &deed).await?;
    tx.commit().await?;
    let (_, cookie) = session::begin(admin.pool(), &account.name, account.role).await?;
    let mut response = Redirect::to("/").into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response.headers_mut().append(header::SET_COOKIE, session::set(TOKEN, "", Some(Duration::ZERO)));
    Ok(response)
}

fn bound(headers: &HeaderMap, token: &str) -> bool {
    session::get(headers, TOKEN)
        .is_some_and(|kept| !kept.is_empty() && same(kept.as_bytes(), token.as_bytes()))
}

fn form(
    admin: &Admin,
    view: PageContext,
    fault: Option<&'static str>,
    code: StatusCode,
) -> Result<Response, Failure> {
    let token = random_token();
    let cookie = session::set(TOKEN, &token, Some(TOKEN_AGE));
    let by_password = !admin.config.accounts.is_empty();
    let mut response = page(&Login { view, token, fault, by_password })?;
    *response.status_mut() = code;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
