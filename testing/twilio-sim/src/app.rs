//! What all requests share.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::auth::Auth;
use crate::callbacks::Courier;
use crate::content::Contents;
use crate::faults::Faults;
use crate::ledger::{Book, LedgerFileError};
use crate::messages::Senders;
use crate::options::Options;
use crate::phones::Phones;
use crate::random::{Random, mix};
use crate::sid::SidMint;
use crate::time::{Clock, now_ms};
use crate::whatsapp::WhatsApp;

/// The simulated account and the machinery around it.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) options: Options,
    pub(crate) auth: Auth,
    pub(crate) senders: Senders,
    pub(crate) faults: Faults,
    pub(crate) ledger: Book,
    pub(crate) courier: Courier,
    pub(crate) contents: Contents,
    pub(crate) phones: Phones,
    pub(crate) whatsapp: WhatsApp,
    pub(crate) caller_ids: CallerIds,
    pub(crate) sids: SidMint,
    pub(crate) request_ids: SidMint,
    pub(crate) random: Random,
    pub(crate) in_flight: InFlight,
    pub(crate) clock: Clock,
    pub(crate) started_ms: i64,
}

impl App {
    pub(crate) fn new(options: Options) -> Result<Self, LedgerFileError> {
        let ledger = Book::open(&options)?;
        Ok(Self {
            auth: Auth::new(&options),
            senders: Senders::new(options.messaging_services.clone(), options.senders.clone()),
            faults: Faults::new(options.seed, options.suffix_faults),
            courier: Courier::new(),
            whatsapp: WhatsApp::new(&options),
            phones: Phones::default(),
            contents: Contents::new(options.seed, &options.account_sid, options.approval_step),
            caller_ids: CallerIds::default(),
            sids: SidMint::new(sid_seed(options.seed, ledger.accepted_count())),
            request_ids: SidMint::new(!options.seed),
            random: Random::new(options.seed),
            in_flight: InFlight::default(),
            clock: Clock::default(),
            started_ms: now_ms(),
            ledger,
            options,
        })
    }

    /// Back to the state of a fresh start, the ledger file included.
    pub(crate) fn reset(&self) {
        self.faults.replace(Vec::new());
        self.faults.forget_numbers();
        self.auth.set_token(&self.options.auth_token);
        self.contents.clear();
        self.phones.clear();
        self.whatsapp.reset();
        self.caller_ids.clear();
        self.ledger.clear();
        self.clock.reset();
    }
}

/// Numbers that were asked to be verified; the simulated user always keys the right code.
#[derive(Debug, Default)]
pub(crate) struct CallerIds(Mutex<HashSet<String>>);

impl CallerIds {
    /// False if the number was verified before.
    pub(crate) fn verify(&self, number: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number.to_owned())
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A run that continues a ledger file must not repeat the SIDs in it.
fn sid_seed(seed: u64, restored: u64) -> u64 {
    if restored == 0 { seed } else { seed ^ mix(now_ms().unsigned_abs()) }
}

/// Requests being worked on.
#[derive(Debug, Default)]
pub(crate) struct InFlight(AtomicU32);

/// Counts as in flight until dropped.
#[derive(Debug)]
pub(crate) struct Flight<'a>(&'a InFlight);

impl InFlight {
    pub(crate) fn enter(&self) -> Flight<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Flight(self)
    }

    /// At least 1: the request that asks.
    pub(crate) fn current(&self) -> u32 {
        self.0.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
