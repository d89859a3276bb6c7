//! An order-book engine whose events, context, features and lookup are policies.
//!
//! A library uses only the policies named in its root, so each leaves some unused.
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
