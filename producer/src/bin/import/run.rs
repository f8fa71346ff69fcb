//! `import portal`: from the portal's cursor into the table `users`.

use producer::cli::{Exit, Failure, Progress, connect, interruption, open_database, print};
use shared::{
    config::{DatabaseUrl, Env, settings::PORTAL_DATABASE_URL},
    telemetry,
};

use crate::{
    args::{self, Options},
    clock,
    portal::Portal,
    record::Record,
    report::{Origin, Report},
    settings::Settings,
    store::Import,
    upsert::Terms,
};

/// Imports until the end, or until it is told to stop. Whatever a batch wrote is kept.
pub(crate) async fn run(args: args::Portal) -> Result<Exit, Failure> {
    let (settings, portal_url) = Settings::read(Env::of_process(), |env, insecure| {
        DatabaseUrl::read(env, &PORTAL_DATABASE_URL, insecure)
    })?;
    telemetry::init(settings.log_format);
    let stop = interruption()?;
    let pool = open_database(&settings.database, "import", 1).await?;
    let name = PORTAL_DATABASE_URL.name;
    let mut source = connect(&portal_url, "import", "the portal's database", name).await?;
    // Before the snapshot: an event after this moment is newer than it.
    let now = clock::now(&pool).await?;
    let mut portal = Portal::open(&mut source).await?;
    let Options { dry_run, output, no_progress, .. } = args.options;
    let terms = Terms { taken_at: portal.taken_at().min(now), partial: false, write: !dry_run };
    let progress = Progress::new("read", portal.accounts(), no_progress);
    let report = Report::new(dry_run, Origin::Portal);
    let mut import = Import::new(&pool, &settings.numbers, terms, args.options.author(), progress, report);
    import.note("import portal", &format!("{} accounts", portal.accounts())).await?;
    let complete = loop {
        let page = portal.next().await?;
        if page.is_empty() || stop.is_cancelled() {
            break page.is_empty();
        }
        for account in page {
            match Record::of(account, &settings.numbers) {
                Ok(record) => import.store(record).await?,
                Err(skip) => import.skip(skip).await?,
            }
        }
        import.progress.set(import.report.read());
    };
    let report = import.finish(complete).await?;
    print(&report.show(output))?;
    Ok(report.exit())
}
