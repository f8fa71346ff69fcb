//! The traces of erased people.

use super::{Section, Setting};

pub(super) const ERASURE: Section = Section {
    headline: "Erasure",
    introduction: "Of an erased person only keyed digests of the user id and the number stay. Keep the key as long as the database, and apart\nfrom its backups: with another key, erased people would be welcomed a second time, so the worker does not start.",
    settings: &[ERASURE_KEY],
};

pub const ERASURE_KEY: Setting = Setting::new(
    "ERASURE_KEY",
    "",
    "the key of the digests: 32 bytes in hex or base64, such as `openssl rand -hex 32` makes; the same for all workers and imports. Without it nobody is erased: requests wait",
)
.secret();
