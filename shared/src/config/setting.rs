//! One environment variable: its name, default and description, for the page and for faults.

/// One variable of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the environment.
    pub name: &'static str,
    /// The value if it is unset or empty. `None`: it is required.
    pub default: Option<&'static str>,
    /// Its purpose: a phrase without a full stop. Whole sentences may follow.
    pub help: &'static str,
    /// Whether it is a secret: never shown, and also read from the file that `NAME_FILE` names.
    pub secret: bool,
    /// The only command that requires it. `None`: every program that reads it.
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

    /// The same, required only by `command`.
    #[must_use]
    pub(super) const fn only_for(mut self, command: &'static str) -> Self {
        self.only_for = Some(command);
        self
    }

    /// Its purpose as the beginning of a sentence.
    pub(super) fn sentence(&self) -> String {
        let mut letters = self.help.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}
