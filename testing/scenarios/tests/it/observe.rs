//! What operators see: metrics, alerts, dashboards, traces.

mod alarm;
mod census;
mod discreet;
mod fault_run;
mod fault_table;
mod hang;
mod lines;
mod queries;
mod series;
mod traces;
