//! The market as strategies see it: quotes and trades of instruments, features of books. Either in maps behind locks
//! shared by all workers, or in a snapshot that the engine keeps up to date and strategies read without a lock.
//!
//! No strategy asks for another instrument, so nothing is published at batch boundaries.

use std::collections::HashMap;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::features::{FeatureStore, Row};

/// The best level over an instrument's publishers; size 0 if all their sides are empty.
#[derive(Clone, Copy, Default)]
pub struct Best {
    pub price: i64,
    pub size: u64,
    pub count: u64,
}

#[derive(Clone, Copy, Default)]
pub struct Quote {
    pub bid: Best,
    pub ask: Best,
}

impl Quote {
    /// NaN if a side is empty.
    pub fn mid(&self) -> f64 {
        if self.bid.size == 0 || self.ask.size == 0 {
            return f64::NAN;
        }
        (self.bid.price as f64 + self.ask.price as f64) / 2e9
    }
}

/// An instrument's last trade, and the mean price of its last 64, NaN before there are 64.
#[derive(Clone, Copy)]
pub struct Trades {
    pub price: i64,
    pub size: u32,
    pub side: u8,
    pub mean: f64,
}

/// An instrument: its id, and its number in order of first records.
#[derive(Clone, Copy)]
pub struct InstrumentId {
    pub id: u32,
    pub number: usize,
}

/// A book: the same.
#[derive(Clone, Copy)]
pub struct BookId {
    pub id: (u32, u16),
    pub number: usize,
}

pub trait Context: Default {
    fn add_instrument(&mut self, instrument: InstrumentId);
    fn add_book(&mut self, book: BookId);
    fn put_quote(&mut self, instrument: InstrumentId, quote: Quote);
    fn put_trades(&mut self, instrument: InstrumentId, trades: Trades);
    fn put_features(&mut self, book: BookId, row: &Row);
    fn mid(&self, instrument: InstrumentId) -> f64;
    fn trade_mean(&self, instrument: InstrumentId) -> f64;
    fn feature(&self, book: BookId, feature: usize) -> f64;
}

/// Shared maps, each behind its own lock, taken for each access.
#[derive(Default)]
pub struct Locked<S> {
    quotes: RwLock<HashMap<u32, Quote>>,
    trades: RwLock<HashMap<u32, Trades>>,
    features: RwLock<HashMap<(u32, u16), S>>,
}

/// A lock poisoned by a panic is still usable: its engine is discarded.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl<S: FeatureStore> Context for Locked<S> {
    fn add_instrument(&mut self, instrument: InstrumentId) {
        self.put_quote(instrument, Quote::default());
    }

    fn add_book(&mut self, book: BookId) {
        write(&self.features).insert(book.id, S::default());
    }

    fn put_quote(&mut self, instrument: InstrumentId, quote: Quote) {
        write(&self.quotes).insert(instrument.id, quote);
    }

    fn put_trades(&mut self, instrument: InstrumentId, trades: Trades) {
        write(&self.trades).insert(instrument.id, trades);
    }

    fn put_features(&mut self, book: BookId, row: &Row) {
        if let Some(store) = write(&self.features).get_mut(&book.id) {
            store.put(row);
        }
    }

    fn mid(&self, instrument: InstrumentId) -> f64 {
        read(&self.quotes).get(&instrument.id).map_or(f64::NAN, Quote::mid)
    }

    fn trade_mean(&self, instrument: InstrumentId) -> f64 {
        read(&self.trades).get(&instrument.id).map_or(f64::NAN, |trades| trades.mean)
    }

    fn feature(&self, book: BookId, feature: usize) -> f64 {
        read(&self.features).get(&book.id).map_or(f64::NAN, |store| store.get(feature))
    }
}

struct Seen {
    mid: f64,
    trade_mean: f64,
}

/// The engine's own data, by number, with no other writer.
#[derive(Default)]
pub struct Snapshot<S> {
    instruments: Vec<Seen>,
    features: Vec<S>,
}

impl<S: FeatureStore> Context for Snapshot<S> {
    fn add_instrument(&mut self, _instrument: InstrumentId) {
        self.instruments.push(Seen { mid: f64::NAN, trade_mean: f64::NAN });
    }

    fn add_book(&mut self, _book: BookId) {
        self.features.push(S::default());
    }

    fn put_quote(&mut self, instrument: InstrumentId, quote: Quote) {
        self.instruments[instrument.number].mid = quote.mid();
    }

    fn put_trades(&mut self, instrument: InstrumentId, trades: Trades) {
        self.instruments[instrument.number].trade_mean = trades.mean;
    }

    fn put_features(&mut self, book: BookId, row: &Row) {
        self.features[book.number].put(row);
    }

    fn mid(&self, instrument: InstrumentId) -> f64 {
        self.instruments[instrument.number].mid
    }

    fn trade_mean(&self, instrument: InstrumentId) -> f64 {
        self.instruments[instrument.number].trade_mean
    }

    fn feature(&self, book: BookId, feature: usize) -> f64 {
        self.features[book.number].get(feature)
    }
}
