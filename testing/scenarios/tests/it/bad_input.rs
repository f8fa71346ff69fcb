//! What a worker must bear: bad data, bad configuration, services that are away.

mod bodies;
mod callbacks;
mod configuration;
mod doors;
mod fuzzed_callbacks;
mod meanings;
mod numbers;
mod outages;
mod slow_clients;
mod urls;
