//! The files of the pages, in the program itself.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("../../../assets/admin.css");
const SCRIPT: &str = include_str!("../../../assets/admin.js");
const ICON: &str = include_str!("../../../assets/icon.svg");

/// Changes with the files: the pages ask for them with it, so that new ones are fetched.
pub(crate) static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest([STYLE, SCRIPT, ICON].concat());
    let beginning = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{beginning:08x}")
});

/// Serves one of them.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "admin.css" => ("text/css; charset=utf-8", STYLE),
        "admin.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=86400")], text).into_response()
}
