//! Kills, cuts, lost responses and lost queues: nobody is lost and nobody is texted twice.

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
