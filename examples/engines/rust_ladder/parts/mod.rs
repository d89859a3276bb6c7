//! An order-book engine whose events, context, features and lookup are policies.
//!
//! A library is made of those that its root names, so each leaves some unused.
#![allow(dead_code)]
#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod abi;
pub mod book;
pub mod context;
pub mod engine;
pub mod features;
pub mod lookup;
pub mod orders;
pub mod records;
pub mod strategies;
pub mod trace;
pub mod trackers;
