//! The 24 features of an evaluation, and their storage: a map from names, or an array.

use std::collections::HashMap;

use super::book::Book;
use super::lookup::Lookup;
use super::orders::Ladder;
use super::records::Side;
use super::trackers::Quotes;

pub const COUNT: usize = 24;
const DEPTH: usize = 5;

pub const NAMES: [&str; COUNT] = [
    "mid_price",
    "micro_price",
    "spread_absolute",
    "spread_relative",
    "spread_bps",
    "spread_effective",
    "imbalance_level1",
    "imbalance_level2",
    "imbalance_level3",
    "imbalance_level4",
    "imbalance_level5",
    "imbalance_volume_weighted",
    "pressure_buy",
    "pressure_sell",
    "pressure_arrival",
    "pressure_cancellation",
    "queue_position_bid",
    "queue_position_ask",
    "order_lifetime_avg",
    "order_modification_rate",
    "order_flow_imbalance",
    "trade_imbalance",
    "last_trade_price",
    "event_number",
];

/// The features that strategies read, by their index in `NAMES`.
pub const MID_PRICE: usize = 0;
pub const MICRO_PRICE: usize = 1;
pub const IMBALANCE_LEVEL1: usize = 6;
pub const ORDER_FLOW_IMBALANCE: usize = 20;

pub type Row = [f64; COUNT];

/// Stores a book's newest features, NaN before the first evaluation.
pub trait FeatureStore: Default {
    fn put(&mut self, row: &Row);
    fn get(&self, feature: usize) -> f64;
}

/// Features by name: each write allocates and hashes a string, each read hashes one.
#[derive(Default)]
pub struct ByName {
    values: HashMap<String, f64>,
}

impl FeatureStore for ByName {
    fn put(&mut self, row: &Row) {
        for (name, &value) in NAMES.iter().zip(row) {
            self.values.insert(name.to_string(), value);
        }
    }

    fn get(&self, feature: usize) -> f64 {
        self.values.get(NAMES[feature]).copied().unwrap_or(f64::NAN)
    }
}

/// Features by index.
pub struct ByPlace {
    values: Row,
}

impl Default for ByPlace {
    fn default() -> Self {
        ByPlace { values: [f64::NAN; COUNT] }
    }
}

impl FeatureStore for ByPlace {
    fn put(&mut self, row: &Row) {
        self.values = *row;
    }

    fn get(&self, feature: usize) -> f64 {
        self.values[feature]
    }
}

/// The best levels of a side; missing levels have price NaN and size 0.
pub struct Top {
    pub price: [f64; DEPTH],
    pub size: [f64; DEPTH],
}

impl Top {
    pub fn of(ladder: &Ladder) -> Top {
        let mut top = Top { price: [f64::NAN; DEPTH], size: [0.0; DEPTH] };
        for (depth, level) in ladder.levels().take(DEPTH).enumerate() {
            top.price[depth] = level.price as f64;
            top.size[depth] = level.size as f64;
        }
        top
    }
}

/// All features of the current book; `bid` and `ask` are its best levels.
pub fn compute<L: Lookup>(book: &Book<L>, bid: &Top, ask: &Top) -> Row {
    let trackers = &book.trackers;
    let (b1, a1, bid_size, ask_size) = (bid.price[0], ask.price[0], bid.size[0], ask.size[0]);
    let (bid_sizes, ask_sizes) = (sums(&bid.size), sums(&ask.size));
    let mid = (b1 + a1) * 0.5;
    let spread = a1 - b1;
    let half = spread.abs() * 0.5;
    [
        (b1 + a1) / 2e9,
        (b1 * ask_size + a1 * bid_size) / (bid_size + ask_size) / 1e9,
        spread / 1e9,
        spread / mid,
        10000.0 * (spread / mid),
        trackers.trade_spread / 1e9,
        imbalance(bid_sizes[0], ask_sizes[0]),
        imbalance(bid_sizes[1], ask_sizes[1]),
        imbalance(bid_sizes[2], ask_sizes[2]),
        imbalance(bid_sizes[3], ask_sizes[3]),
        imbalance(bid_sizes[4], ask_sizes[4]),
        imbalance(weighted(&bid.size), weighted(&ask.size)),
        pressure(bid, mid, half),
        pressure(ask, mid, half),
        trackers.window.arrival,
        trackers.window.cancellation,
        book.positions[Side::Bid as usize].ahead(),
        book.positions[Side::Ask as usize].ahead(),
        trackers.lifetime,
        trackers.window.modification_rate,
        order_flow_imbalance(bid, ask, &trackers.previous),
        trackers.trade_flow,
        trackers.trade_price / 1e9,
        book.events as f64,
    ]
}

/// The sums of the first, the first two … sizes.
fn sums(sizes: &[f64; DEPTH]) -> [f64; DEPTH] {
    let mut total = *sizes;
    for depth in 1..DEPTH {
        total[depth] += total[depth - 1];
    }
    total
}

fn weighted(size: &[f64; DEPTH]) -> f64 {
    size[0] + size[1] * 0.5 + size[2] * (1.0 / 3.0) + size[3] * 0.25 + size[4] * 0.2
}

fn imbalance(bid: f64, ask: f64) -> f64 {
    let total = bid + ask;
    if total != 0.0 {
        (bid - ask) / total
    } else {
        f64::NAN
    }
}

/// A side's sizes, each weighted by 1 / (1 + its distance from mid in half-spreads).
fn pressure(side: &Top, mid: f64, half: f64) -> f64 {
    if half.is_nan() || half == 0.0 {
        return f64::NAN;
    }
    let mut total = 0.0;
    for (&price, &size) in side.price.iter().zip(&side.size) {
        total += if size > 0.0 { size * half / (half + (mid - price).abs()) } else { 0.0 };
    }
    total
}

fn order_flow_imbalance(bid: &Top, ask: &Top, previous: &Quotes) -> f64 {
    let (b1, a1) = (bid.price[0], ask.price[0]);
    let (pb, pa) = (previous.bid_price, previous.ask_price);
    if b1.is_nan() || pb.is_nan() || a1.is_nan() || pa.is_nan() {
        return f64::NAN;
    }
    let when = |holds: bool, size: f64| if holds { size } else { 0.0 };
    when(b1 >= pb, bid.size[0]) - when(b1 <= pb, previous.bid_size) - when(a1 <= pa, ask.size[0])
        + when(a1 >= pa, previous.ask_size)
}
