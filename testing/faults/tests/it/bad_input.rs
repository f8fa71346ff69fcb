//! What a worker must bear: bad data, bad configuration, services that are away.

mod bodies;
mod callbacks;
mod configuration;
mod fuzzed_callbacks;
mod numbers;
mod outages;
mod slow_clients;
mod urls;
