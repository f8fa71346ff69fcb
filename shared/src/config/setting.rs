//! What is said of a variable, once, for whoever reads its page and whoever set it wrong.

/// One variable of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the environment.
    pub name: &'static str,
    /// Used when it is unset or empty; none: it is required.
    pub default: Option<&'static str>,
    /// What it is for, as half a sentence; may go on with whole ones.
    pub help: &'static str,
    /// Whether it may come from the file that `NAME_FILE` names, and must never be shown.
    pub secret: bool,
    /// The only command that requires it; none: whatever reads it does.
    pub only_for: Option<&'static str>,
}

impl Setting {
    /// A setting with a default.
    pub const fn new(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self { name, default: Some(default), help, secret: false, only_for: None }
    }

    /// A setting without a default.
    pub const fn required(name: &'static str, help: &'static str) -> Self {
        Self { name, default: None, help, secret: false, only_for: None }
    }

    /// The same, as a secret.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The same, required by `command` alone.
    #[must_use]
    pub(super) const fn only_for(mut self, command: &'static str) -> Self {
        self.only_for = Some(command);
        self
    }

    /// What it is for, as a sentence that may follow another.
    pub(super) fn sentence(&self) -> String {
        let mut letters = self.help.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}
