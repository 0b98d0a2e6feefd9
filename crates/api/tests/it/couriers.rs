//! Two real carriers, each against its stand-in over HTTP: an order goes all its way, whatever becomes of the answers.

mod checks;
mod dialects;
mod doordash;
mod fixture;
mod pushes;
mod ups;
