//! Kills, cuts, lost responses and lost queues: nobody is lost and nobody is texted twice.

mod broker;
mod crowds;
mod database;
mod kills;
mod queued;
mod twilio;
