//! The dashboard.

use super::{Section, Setting};

pub(super) const DASHBOARD: Section = Section {
    headline: "Dashboard",
    introduction: "Its pages and permissions: [dashboard.md](dashboard.md).",
    settings: &[
        ADMIN_ADDR,
        ADMIN_USERS_FILE,
        ADMIN_PROXY_HEADER,
        ADMIN_PROXY_SECRET,
        ADMIN_PROXY_OPERATORS,
        ADMIN_PROXY_CARE,
        TRUSTED_PROXIES,
    ],
};

pub const ADMIN_ADDR: Setting = Setting::new(
    "ADMIN_ADDR",
    "",
    "address of the dashboard, such as `127.0.0.1:9465`; empty: off. Never the address of `OPS_ADDR` or `WEBHOOK_ADDR`",
);

pub const ADMIN_USERS_FILE: Setting = Setting::new(
    "ADMIN_USERS_FILE",
    "",
    "file of the people who may sign in, one line each from `worker admin-hash`; read at the start",
);

pub const ADMIN_PROXY_HEADER: Setting = Setting::new(
    "ADMIN_PROXY_HEADER",
    "",
    "header in which a proxy names the person who is signed in, such as `X-Forwarded-User`; this or `ADMIN_USERS_FILE` is required, both are possible",
);

pub const ADMIN_PROXY_SECRET: Setting = Setting::new(
    "ADMIN_PROXY_SECRET",
    "",
    "secret that the proxy sends as `X-Admin-Proxy-Secret`; at least 16 characters",
)
.secret();

pub const ADMIN_PROXY_OPERATORS: Setting = Setting::new(
    "ADMIN_PROXY_OPERATORS",
    "",
    "names from that header with the role `operator`, separated by commas; names in neither list may only look",
);

pub const ADMIN_PROXY_CARE: Setting = Setting::new(
    "ADMIN_PROXY_CARE",
    "",
    "names from that header with the role `care`, who read and answer what people write, separated by commas; nobody may be in both lists",
);

pub const TRUSTED_PROXIES: Setting = Setting::new(
    "TRUSTED_PROXIES",
    "",
    "addresses or CIDRs of proxies whose headers the dashboard and the stop page trust, `X-Forwarded-For` included, separated by commas",
);
