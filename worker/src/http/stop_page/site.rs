//! Where the page is, and what all its answers share.

use ipnet::IpNet;

/// What a deployment sets.
pub(super) struct Site {
    /// Of the base; ends with a slash.
    pub(super) path: String,
    pub(super) help_line: Option<String>,
    /// Proxies whose word about the caller's address counts.
    pub(super) trusted: Vec<IpNet>,
}
