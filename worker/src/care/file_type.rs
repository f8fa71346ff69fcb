//! The types of files that staff may look at. Everything else is refused: a page or a drawing with a script in it would run
//! in the browser of staff.

/// A type that is passed on, under the name that is written here and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) name: &'static str,
    /// Of the file's neutral name.
    pub(crate) extension: &'static str,
    /// The browser shows it. It saves the others: Chromium fetches sound and films a second time before it plays them, and that
    /// would be another look.
    pub(crate) shown: bool,
}

const fn shown(name: &'static str, extension: &'static str) -> FileType {
    FileType { name, extension, shown: true }
}

const fn saved(name: &'static str, extension: &'static str) -> FileType {
    FileType { name, extension, shown: false }
}

const TYPES: [FileType; 11] = [
    shown("image/jpeg", "jpg"),
    shown("image/png", "png"),
    shown("image/webp", "webp"),
    shown("image/gif", "gif"),
    saved("audio/ogg", "ogg"),
    saved("audio/mpeg", "mp3"),
    saved("audio/mp4", "m4a"),
    saved("audio/amr", "amr"),
    saved("video/mp4", "mp4"),
    saved("video/3gpp", "3gp"),
    saved("application/pdf", "pdf"),
];
/// Stores say this of files whose type they do not know.
const ANY_BYTES: [&str; 2] = ["application/octet-stream", "binary/octet-stream"];

impl FileType {
    /// The type with this name, such as `audio/ogg; codecs=opus`.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = essence(name);
        TYPES.into_iter().find(|one| one.name.eq_ignore_ascii_case(name))
    }

    /// Whether what the store says of a file does not speak against showing it.
    pub(super) fn agrees(said: &str) -> bool {
        let unknown = ANY_BYTES.iter().any(|any| any.eq_ignore_ascii_case(essence(said)));
        unknown || Self::of(said).is_some()
    }
}

/// Without parameters.
fn essence(name: &str) -> &str {
    name.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_sound_films_and_pdf_are_passed_on() {
        for (name, extension) in [
            ("image/jpeg", "jpg"),
            ("IMAGE/PNG", "png"),
            ("audio/ogg; codecs=opus", "ogg"),
            (" application/pdf ;x=y", "pdf"),
        ] {
            assert_eq!(FileType::of(name).map(|one| one.extension), Some(extension), "{name}");
        }
        for name in [
            "text/html",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml",
            "text/javascript",
            "text/vcard",
            "application/octet-stream",
            "application/zip",
            "image/jpeg,text/html",
            "",
            ";",
        ] {
            assert_eq!(FileType::of(name), None, "{name}");
        }
        assert!(FileType::agrees("binary/octet-stream") && FileType::agrees("video/mp4"));
        assert!(!FileType::agrees("text/html; charset=utf-8") && !FileType::agrees(""));
    }
}
