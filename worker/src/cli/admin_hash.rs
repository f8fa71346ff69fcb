//! `worker admin-hash`: a line for `ADMIN_USERS_FILE`.

use std::{io::BufRead as _, process::ExitCode};

use secrecy::{ExposeSecret, SecretString};
use shared::cli::Failure;

use crate::{
    config::{Account, Role},
    http::dashboard,
};

const EXAMPLES: &str = "\
Examples:
  read -rs PASSWORD && worker admin-hash maya --role operator <<<\"$PASSWORD\" >> admin-users
  openssl rand -base64 18 | tee /dev/tty | worker admin-hash ram >> admin-users

The command reads the password from standard input, so that the process list does not show it.";

/// A shorter password can be guessed.
const SHORTEST: usize = 12;
/// The longest that the login form accepts.
const LONGEST: usize = 256;

#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The name to sign in with: letters, digits, `.`, `-`, `_`, `@`
    name: String,
    /// What the person may do
    #[arg(long, value_enum, default_value = "viewer")]
    role: Role,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = SecretString::from(line.trim_end_matches(['\r', '\n']).to_owned());
    let length = password.expose_secret().chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Failure::usage(format!(
            "the password must have {SHORTEST} to {LONGEST} characters: choose another"
        )));
    }
    let hash = dashboard::hash(&password).map_err(Failure::unexpected)?;
    let account = Account { name: arguments.name.clone(), role: arguments.role, hash };
    // Checked with the parser of the dashboard.
    let line = account.to_string();
    line.parse::<Account>().map_err(|fault| Failure::usage(format!("the line {fault}")))?;
    println!("{line}");
    Ok(ExitCode::SUCCESS)
}
