//! Kills, cuts, lost responses and lost queues: no user is lost and no user is texted twice.

mod alarms;
mod broker;
mod clocks;
mod crowds;
mod database;
mod kills;
mod malformed;
mod mixed_releases;
mod private_broker;
mod private_database;
mod publishers;
mod queued;
mod twilio;
mod twilio_away;
mod twilio_outages;
mod upgrade;
