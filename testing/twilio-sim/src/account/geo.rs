//! `GET /v1/Messaging/GeoPermissions`

use serde_json::json;

use crate::app::App;
use crate::server::{Call, Reply};

/// The SMS permission of the countries in `CountryCode` (comma list; Nepal if none is given).
pub(crate) fn geo_permissions(app: &App, call: &Call) -> Reply {
    let countries = call.query.filled("CountryCode").unwrap_or("NP").split(',').map(str::trim);
    let permission = |country: &str| {
        let enabled = !app.options.geo_disabled.iter().any(|disabled| disabled == country);
        json!({"country_code": country, "type": "country", "enabled": enabled, "error_code": null})
    };
    let permissions: Vec<_> = countries.map(permission).collect();
    Reply::json(200, &json!({ "permissions": permissions }))
}
