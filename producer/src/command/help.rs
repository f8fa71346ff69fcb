//! The layout of help texts: examples come first.

/// For clap's `help_template`; the examples are its `before_help`.
pub const TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";
