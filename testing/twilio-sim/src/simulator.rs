//! A running simulator.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::app::App;
use crate::faults::Rule;
use crate::ledger::{CallbackRecord, DayDetail, LedgerFileError, Stats, StatsDetail, Timeline};
use crate::messages::MessageView;
use crate::options::Options;
use crate::server::accept;

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ledger file cannot be opened or read.
    #[error(transparent)]
    Ledger(#[from] LedgerFileError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Threads could not be started.
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
}

/// A simulator with threads of its own; it can be used from async and from plain code.
/// Dropping it closes the port and all connections.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    app: Arc<App>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Listens and serves from now on.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let app = Arc::new(App::new(options)?);
        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let served = Arc::clone(&app);
        let thread = std::thread::Builder::new()
            .name("twilio-sim".to_owned())
            .spawn(move || run(served, &report, stopped))
            .map_err(StartError::Threads)?;
        let address =
            started.recv().unwrap_or_else(|_| Err(StartError::Threads(io::ErrorKind::Other.into())))?;
        Ok(Self { address, app, stop: Some(stop), thread: Some(thread) })
    }

    /// The base URL of all products, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts these rules in the place of those in force.
    pub fn set_faults(&self, rules: impl IntoIterator<Item = Rule>) {
        self.app.faults.replace(rules.into_iter().collect());
    }

    /// Replaces the Auth Token and lifts a revocation.
    pub fn set_auth_token(&self, token: &str) {
        self.app.auth.set_token(token);
    }

    /// Refuses every credential with 20003, or stops doing so.
    pub fn set_revoked(&self, revoked: bool) {
        self.app.auth.set_revoked(revoked);
    }

    /// Back to the state of a fresh start: ledger, faults and credentials.
    pub fn reset(&self) {
        self.app.reset();
    }

    /// The requests and accepted messages so far.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger { app: &self.app }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that the thread ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the simulator's thread panicked");
        }
    }
}

/// A view of the ledger; every call reads it again.
#[derive(Debug, Clone, Copy)]
pub struct Ledger<'a> {
    app: &'a App,
}

impl Ledger<'_> {
    /// The totals.
    pub fn stats(&self) -> Stats {
        self.app.ledger.stats(StatsDetail::Totals, DayDetail::default())
    }

    /// The totals with the counts of every number.
    pub fn stats_per_number(&self) -> Stats {
        self.app.ledger.stats(StatsDetail::PerNumber, DayDetail::default())
    }

    /// The totals with the counts of every person and local day.
    pub fn stats_per_day(&self) -> Stats {
        self.app.ledger.stats(StatsDetail::Totals, DayDetail { zone: None, every: true })
    }

    /// Messages newest first, those to one number or all, at most `limit`.
    pub fn messages(&self, to: Option<&str>, limit: usize) -> Vec<MessageView> {
        let now = self.app.clock.now_ms();
        let found = self.app.ledger.newest(to, None, 0, limit, |_| true);
        found
            .iter()
            .map(|message| MessageView::of_ledger(message, &self.app.options.account_sid, now))
            .collect()
    }

    /// When create calls arrived.
    pub fn timeline(&self) -> Timeline {
        self.app.ledger.timeline()
    }

    /// The newest callbacks, newest first.
    pub fn callbacks(&self, limit: usize) -> Vec<CallbackRecord> {
        self.app.ledger.callbacks(limit)
    }
}

/// The thread: a runtime of its own, so that a caller's runtime is neither needed nor in the way.
fn run(app: Arc<App>, report: &mpsc::Sender<Result<SocketAddr, StartError>>, stopped: oneshot::Receiver<()>) {
    let threads = app.options.threads.max(1);
    let runtime = match Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(report, Err(StartError::Threads(error))),
    };
    runtime.block_on(async move {
        match listen(app.options.listen).await {
            Err(error) => tell(report, Err(error)),
            Ok((listener, address)) => {
                tell(report, Ok(address));
                serve(listener, app, stopped).await;
            }
        }
    });
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let fault = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let bound = listener.local_addr().map_err(fault)?;
    Ok((listener, bound))
}

async fn serve(listener: TcpListener, app: Arc<App>, stopped: oneshot::Receiver<()>) {
    // In a task of its own: the thread that waits here is not one of the runtime's workers.
    let accepting = tokio::spawn(accept(listener, app));
    // An error means that the handle is gone, which is the same wish.
    let _ = stopped.await;
    accepting.abort();
}

fn tell(report: &mpsc::Sender<Result<SocketAddr, StartError>>, result: Result<SocketAddr, StartError>) {
    if report.send(result).is_err() {
        tracing::error!("nobody waits for the simulator to start");
    }
}
