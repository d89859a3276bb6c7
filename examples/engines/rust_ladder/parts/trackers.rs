//! A book's state of its past: the window of 100 events, moving averages, and the position of a hypothetical order in
//! the queue of each side's best level.

use super::features::Top;
use super::orders::{Level, Order};
use super::records::{Record, Side};

const WINDOW_EVENTS: u64 = 100;

/// Exponential moving average with alpha 0.1, starting at the first value.
pub fn ema(mean: f64, value: f64) -> f64 {
    if mean.is_nan() {
        value
    } else {
        mean + 0.1 * (value - mean)
    }
}

/// Counts of the open window, and the three values of the last full one.
pub struct Window {
    pub adds: u64,
    pub added_size: u64,
    pub modifies: u64,
    pub cancelled_size: u64,
    pub arrival: f64,
    pub modification_rate: f64,
    pub cancellation: f64,
}

impl Window {
    fn new() -> Window {
        Window {
            adds: 0,
            added_size: 0,
            modifies: 0,
            cancelled_size: 0,
            arrival: f64::NAN,
            modification_rate: f64::NAN,
            cancellation: f64::NAN,
        }
    }

    pub fn add(&mut self, size: u32) {
        self.adds += 1;
        self.added_size += u64::from(size);
    }

    /// Closes the window at every 100th event of the book.
    pub fn follow(&mut self, events: u64) {
        if events % WINDOW_EVENTS == 0 {
            self.arrival = self.adds as f64;
            self.modification_rate = self.modifies as f64 / 100.0;
            self.cancellation = match self.added_size {
                0 => f64::NAN,
                added => self.cancelled_size as f64 / added as f64,
            };
            self.adds = 0;
            self.added_size = 0;
            self.modifies = 0;
            self.cancelled_size = 0;
        }
    }
}

/// Best prices and sizes at the book's previous evaluation, as doubles.
pub struct Quotes {
    pub bid_price: f64,
    pub bid_size: f64,
    pub ask_price: f64,
    pub ask_size: f64,
}

impl Quotes {
    pub fn keep(&mut self, bid: &Top, ask: &Top) {
        *self =
            Quotes { bid_price: bid.price[0], bid_size: bid.size[0], ask_price: ask.price[0], ask_size: ask.size[0] };
    }
}

pub struct Trackers {
    pub window: Window,
    pub lifetime: f64,
    pub trade_flow: f64,
    pub trade_price: f64,
    pub trade_spread: f64,
    pub previous: Quotes,
}

impl Trackers {
    pub fn new() -> Trackers {
        Trackers {
            window: Window::new(),
            lifetime: f64::NAN,
            trade_flow: f64::NAN,
            trade_price: f64::NAN,
            trade_spread: f64::NAN,
            previous: Quotes { bid_price: f64::NAN, bid_size: f64::NAN, ask_price: f64::NAN, ask_size: f64::NAN },
        }
    }

    /// A cancel removed an order that had rested for `events` events.
    pub fn follow_lifetime(&mut self, events: u64) {
        self.lifetime = ema(self.lifetime, events as f64);
    }

    /// A trade with a price; `bid` and `ask` are the best prices that it met.
    pub fn follow_trade(&mut self, trade: &Record, bid: f64, ask: f64) {
        let signed = match Side::of(trade.side) {
            Some(Side::Bid) => f64::from(trade.size),
            Some(Side::Ask) => -f64::from(trade.size),
            None => 0.0,
        };
        self.trade_flow = ema(self.trade_flow, signed);
        self.trade_price = trade.price as f64;
        self.trade_spread = (2.0 * self.trade_price - (bid + ask)).abs();
    }
}

struct Joined {
    price: i64,
    at: u64,
    ahead: u64,
}

/// A hypothetical order that joined the best level's tail when that price last became best.
#[derive(Default)]
pub struct QueuePosition {
    joined: Option<Joined>,
    /// The side was emptied or replaced in this event.
    reset: bool,
}

impl QueuePosition {
    /// The size ahead, NaN while there is no best level.
    pub fn ahead(&self) -> f64 {
        self.joined.as_ref().map_or(f64::NAN, |joined| joined.ahead as f64)
    }

    pub fn reset(&mut self) {
        self.reset = true;
    }

    /// An order of this side loses some of its size.
    pub fn lose(&mut self, order: &Order, size: u32) {
        if let Some(joined) = &mut self.joined {
            if order.price == joined.price && order.arrival <= joined.at {
                joined.ahead -= u64::from(size);
            }
        }
    }

    /// The book's event number `events` left the side with this best level.
    pub fn follow(&mut self, best: Option<&Level>, events: u64) {
        let stays = match (&self.joined, best) {
            (Some(joined), Some(level)) => joined.price == level.price && !self.reset,
            (None, None) => true,
            _ => false,
        };
        if !stays {
            self.joined = best.map(|level| Joined { price: level.price, at: events, ahead: level.size });
        }
        self.reset = false;
    }
}
