//! The command line of `import`.

use clap::{Args as ClapArgs, Parser, Subcommand};
use producer::command::{EXIT_CODES, Output, TEMPLATE};

const EXAMPLES: &str = "\
Examples
  import portal --dry-run         read and validate everything, write nothing
  import portal                   store new and changed users; safe to repeat
  import portal --output json     one JSON object for scripts

";

const PORTAL_EXAMPLES: &str = "\
Examples
  PORTAL_DATABASE_URL_FILE=/run/secrets/portal import portal --dry-run
  import portal && backfill --dry-run

";

const PORTAL_NOTES: &str = "\
Settings  PORTAL_DATABASE_URL or PORTAL_DATABASE_URL_FILE, DATABASE_URL, DEFAULT_REGION,
          ALLOWED_COUNTRIES
Reads     auth_user, core_pregnantwomanprofile and core_newmotherprofile, in one read-only
          transaction; never a column about health. Nobody is texted by an import: `backfill`
          enqueues those who are stored.";

/// Store the portal's users.
#[derive(Debug, Parser)]
#[command(name = "import", version, help_template = TEMPLATE, before_help = EXAMPLES, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) source: Source,
}

/// Where the users are.
#[derive(Debug, Subcommand)]
pub(crate) enum Source {
    /// The portal's own Postgres.
    Portal(Portal),
}

/// Store the users of the portal's Postgres: new ones, and what changed of the others.
#[derive(Debug, ClapArgs)]
#[command(help_template = TEMPLATE, before_help = PORTAL_EXAMPLES, after_help = PORTAL_NOTES)]
pub(crate) struct Portal {
    /// Read, validate and compare; write nothing.
    #[arg(short = 'n', long, help_heading = "Safety")]
    pub(crate) dry_run: bool,
    /// How the report is written.
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub(crate) output: Output,
    /// No progress on standard error.
    #[arg(long, help_heading = "Output")]
    pub(crate) no_progress: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
        assert!(Args::try_parse_from(["import"]).is_err());
        let Source::Portal(args) = Args::try_parse_from(["import", "portal", "-n"]).unwrap().source;
        assert!(args.dry_run && args.output == Output::Human);
    }
}
