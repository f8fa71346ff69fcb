//! The dashboard.

use super::{Section, Setting};

pub(super) const DASHBOARD: Section = Section {
    headline: "The dashboard",
    introduction: "What it shows and who may do what: [dashboard.md](dashboard.md).",
    settings: &[
        ADMIN_ADDR,
        ADMIN_USERS_FILE,
        ADMIN_PROXY_HEADER,
        ADMIN_PROXY_SECRET,
        ADMIN_PROXY_OPERATORS,
        TRUSTED_PROXIES,
    ],
};

pub const ADMIN_ADDR: Setting = Setting::new(
    "ADMIN_ADDR",
    "",
    "address of the dashboard, such as `127.0.0.1:9465`; empty: none. Never the address of `OPS_ADDR` or `WEBHOOK_ADDR`",
);

pub const ADMIN_USERS_FILE: Setting = Setting::new(
    "ADMIN_USERS_FILE",
    "",
    "file of those who may sign in, a line each, made by `worker admin-hash`; read at the start",
);

pub const ADMIN_PROXY_HEADER: Setting = Setting::new(
    "ADMIN_PROXY_HEADER",
    "",
    "header in which a proxy names who is signed in, such as `X-Forwarded-User`; this or `ADMIN_USERS_FILE` is required, both are fine",
);

pub const ADMIN_PROXY_SECRET: Setting = Setting::new(
    "ADMIN_PROXY_SECRET",
    "",
    "what that proxy sends as `X-Admin-Proxy-Secret`; 16 characters or more",
)
.secret();

pub const ADMIN_PROXY_OPERATORS: Setting = Setting::new(
    "ADMIN_PROXY_OPERATORS",
    "",
    "names from that header that may act, separated by commas; the others look",
);

pub const TRUSTED_PROXIES: Setting = Setting::new(
    "TRUSTED_PROXIES",
    "",
    "addresses or CIDRs of proxies whose headers the dashboard believes, `X-Forwarded-For` included, separated by commas",
);
