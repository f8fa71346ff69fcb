//! Commands that only read.

mod csv;
mod doctor;
mod durability;
mod pooler;
mod seals;
mod stats;
mod status;
mod whatsapp;
