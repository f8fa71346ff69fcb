//! The way of an event, case by case.

mod doors;
mod erasures;
mod events_out;
mod holds;
mod imports;
mod messages;
mod outcomes;
mod recovering;
mod refusals;
mod registration;
mod repeats;
mod settling;
mod shared_numbers;
mod stop_links;
mod superseded;
mod unknowns;
mod waiting;
