//! Those who may sign in with a password: lines of `ADMIN_USERS_FILE`, `name:role:hash`.

use std::{fmt, str::FromStr};

use argon2::password_hash::PasswordHash;

use super::Role;

/// One line of the file.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// A PHC string of Argon2id.
    pub(crate) hash: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:…", self.name, self.role.as_str())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.name, self.role.as_str(), self.hash)
    }
}

/// Why a line is invalid. The message does not repeat the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineFault {
    #[error("is not name:role:hash; make it with `worker admin-hash`")]
    Form,
    #[error(
        "has a name with other characters than letters, digits, `.`, `-`, `_` and `@`, or over 64 of them"
    )]
    Name,
    #[error("has a role that is not viewer, operator or care")]
    Role,
    #[error("has a hash that is no PHC string of Argon2id; make it with `worker admin-hash`")]
    Hash,
}

/// The first bad line of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileFault {
    #[error("line {0} {1}")]
    Line(usize, LineFault),
    #[error("line {0} names somebody who has a line already")]
    Twice(usize),
    #[error("holds nobody; add a line made by `worker admin-hash`")]
    Empty,
}

/// Whether this is a valid account name. It is written to the audit log and to the accounts file.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_@".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

impl FromStr for Account {
    type Err = LineFault;

    fn from_str(line: &str) -> Result<Self, LineFault> {
        let mut parts = line.splitn(3, ':');
        let (Some(name), Some(role), Some(hash)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LineFault::Form);
        };
        if !is_name(name) {
            return Err(LineFault::Name);
        }
        let role = Role::parse(role).ok_or(LineFault::Role)?;
        let parsed = PasswordHash::new(hash).map_err(|_| LineFault::Hash)?;
        if parsed.algorithm != argon2::ARGON2ID_IDENT || parsed.hash.is_none() || parsed.salt.is_none() {
            return Err(LineFault::Hash);
        }
        Ok(Self { name: name.to_owned(), role, hash: hash.to_owned() })
    }
}

/// Everybody who may sign in with a password.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts(Vec<Account>);

impl Accounts {
    /// Reads the file's text. Blank lines and those that begin with `#` are skipped.
    pub(crate) fn parse(text: &str) -> Result<Self, FileFault> {
        let mut all: Vec<Account> = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let account: Account = line.parse().map_err(|fault| FileFault::Line(i + 1, fault))?;
            if all.iter().any(|a| a.name == account.name) {
                return Err(FileFault::Twice(i + 1));
            }
            all.push(account);
        }
        if all.is_empty() { Err(FileFault::Empty) } else { Ok(Self(all)) }
    }

    /// The account of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Account> {
        self.0.iter().find(|a| a.name == name)
    }

    /// Whether any account can sign in with a password.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str =
        "$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHRzb21l$mLXEjYQVtdSu9iT5TgVk4eHIUtt5vmHVD6l1pNDX5rA";

    #[test]
    fn lines_are_read_and_comments_skipped() {
        let text =
            format!("# staff\n\nmaya:operator:{HASH}\nram@example.org:viewer:{HASH}\nasha:care:{HASH}\n");
        let accounts = Accounts::parse(&text).unwrap();
        assert_eq!(accounts.find("maya").unwrap().role, Role::Operator);
        assert_eq!(accounts.find("ram@example.org").unwrap().role, Role::Viewer);
        assert_eq!(accounts.find("asha").unwrap().role, Role::Care);
        assert!(accounts.find("nobody").is_none() && !accounts.is_empty());
        assert!(!format!("{accounts:?}").contains("argon2id"), "the hash is not shown");
    }

    #[test]
    fn every_fault_names_its_line_and_repeats_nothing() {
        for (text, fault) in [
            ("maya".to_owned(), FileFault::Line(1, LineFault::Form)),
            (format!("#\nma ya:viewer:{HASH}"), FileFault::Line(2, LineFault::Name)),
            (format!("maya:root:{HASH}"), FileFault::Line(1, LineFault::Role)),
            ("maya:viewer:secret".to_owned(), FileFault::Line(1, LineFault::Hash)),
            (format!("maya:viewer:{}", HASH.replace("2id", "2i")), FileFault::Line(1, LineFault::Hash)),
            (format!("maya:viewer:{HASH}\nmaya:operator:{HASH}"), FileFault::Twice(2)),
            ("# nobody yet".to_owned(), FileFault::Empty),
        ] {
            let found = Accounts::parse(&text).unwrap_err();
            assert_eq!(found, fault);
            assert!(!found.to_string().contains("secret"), "{found}");
        }
    }
}
