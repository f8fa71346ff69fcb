//! Command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use clap::Parser;
use twilio_sim::{ApiKey, Options, WhatsAppSender};

/// Simulates the Twilio API: SMS, WhatsApp, content templates, Lookup, callbacks, faults, and a ledger of all of it.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one. The address is the first line on stdout.
    #[arg(long, default_value = "127.0.0.1:8901", value_name = "ADDR")]
    listen: SocketAddr,
    /// Account SID.
    #[arg(long, default_value = "AC00000000000000000000000000000001", value_name = "AC")]
    account_sid: String,
    /// Auth Token; also signs callbacks.
    #[arg(
        long,
        env = "TWILIO_AUTH_TOKEN",
        hide_env_values = true,
        default_value = "0123456789abcdef0123456789abcdef",
        value_name = "TOKEN"
    )]
    auth_token: String,
    /// API key that may be used instead of the token; repeatable.
    #[arg(long, value_name = "SID:SECRET")]
    api_key: Vec<ApiKey>,
    /// Test credentials: what they send is checked but not stored.
    #[arg(long, value_name = "AC:TOKEN")]
    test_credentials: Option<ApiKey>,
    /// Messaging Service that exists; repeatable.
    #[arg(long, default_value = "MG00000000000000000000000000000001", value_name = "MG")]
    messaging_service: Vec<String>,
    /// Further SMS sender of the account (number or sender ID); repeatable.
    #[arg(long, value_name = "SENDER")]
    from: Vec<String>,
    /// WhatsApp sender, such as `whatsapp:+14155238886,status=ONLINE,limit=250`; repeatable.
    #[arg(long, default_value = "whatsapp:+14155238886", value_name = "SENDER")]
    whatsapp_sender: Vec<WhatsAppSender>,
    /// Messages per second of a WhatsApp sender, beyond which they fail with 63018; 0: unlimited.
    #[arg(long, default_value_t = 80, value_name = "N")]
    whatsapp_mps: u32,
    /// WhatsApp messages per 24 hours, beyond which the answer is 429, error 63038.
    #[arg(long, value_name = "N")]
    whatsapp_daily_cap: Option<u32>,
    /// Share of the WhatsApp messages that are read, 0 to 1.
    #[arg(long, default_value_t = 0.5, value_name = "SHARE", value_parser = share)]
    read_share: f64,
    /// Country for which SMS is switched off, error 21408; repeatable.
    #[arg(long, value_name = "ISO2")]
    geo_disabled: Vec<String>,
    /// Time between two changes of a message's status, such as 20ms.
    #[arg(long, default_value = "100ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    callback_delay: Duration,
    /// Added to every API answer.
    #[arg(long, default_value = "0ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    latency: Duration,
    /// Time until an accepted message shows up in lists.
    #[arg(long, default_value = "0ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    list_lag: Duration,
    /// Time between two changes of a template's approval: received, pending, approved.
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = humantime::parse_duration)]
    approval_step: Duration,
    /// Zone of the local days that the ledger counts.
    #[arg(long, default_value = "Asia/Kathmandu", value_name = "ZONE")]
    day_zone: Tz,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let the last four digits of a number select a fault; the README has the table.
    #[arg(long)]
    suffix_faults: bool,
    /// For load: count everything, keep only the newest messages.
    #[arg(long)]
    fast: bool,
    /// File that gets a line per accepted message and is read back at start.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Threads of the server.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

impl Args {
    pub(crate) fn into_options(self) -> Options {
        let mut senders = Options::default().senders;
        senders.extend(self.from);
        Options {
            listen: self.listen,
            account_sid: self.account_sid,
            auth_token: self.auth_token,
            api_keys: self.api_key,
            test_credentials: self.test_credentials,
            messaging_services: self.messaging_service,
            senders,
            whatsapp_senders: self.whatsapp_sender,
            whatsapp_mps: self.whatsapp_mps,
            whatsapp_daily_cap: self.whatsapp_daily_cap,
            read_share: self.read_share,
            geo_disabled: self.geo_disabled,
            callback_delay: self.callback_delay,
            latency: self.latency,
            list_lag: self.list_lag,
            approval_step: self.approval_step,
            day_zone: self.day_zone,
            seed: self.seed,
            suffix_faults: self.suffix_faults,
            fast: self.fast,
            ledger_file: self.ledger,
            threads: self.threads,
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_added_to_the_built_in_ones() {
        let args = Args::parse_from(["twilio-sim", "--from", "NEPALAPP", "--api-key", "SK1:secret"]);
        let options = args.into_options();
        assert_eq!(options.senders, ["+15005550006", "AAMCARE", "NEPALAPP"]);
        assert_eq!(options.api_keys.len(), 1);
    }
}
