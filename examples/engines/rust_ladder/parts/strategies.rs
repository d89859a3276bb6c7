//! The four strategies of a book, and the backtester that follows their signals.

use super::context::{BookId, Context, InstrumentId};
use super::features::{IMBALANCE_LEVEL1, MICRO_PRICE, MID_PRICE, ORDER_FLOW_IMBALANCE};
use super::trackers::ema;

pub const COUNT: usize = 4;

const THRESHOLD: f64 = 0.4;

/// Position in units; cash and equity in the price's currency.
#[derive(Clone, Copy, Default)]
pub struct Account {
    pub position: i64,
    pub cash: f64,
    pub equity: f64,
    pub trades: i64,
}

impl Account {
    /// Takes the position of a signal at `mid`, and values it; does nothing if mid is NaN.
    fn settle(&mut self, signal: i64, mid: f64) {
        if mid.is_nan() {
            return;
        }
        let target = if signal == 0 { self.position } else { signal };
        if target != self.position {
            self.cash -= (target - self.position) as f64 * mid;
            self.trades += 1;
            self.position = target;
        }
        self.equity = self.cash + self.position as f64 * mid;
    }
}

pub struct Strategies {
    pub accounts: [Account; COUNT],
    flow: f64,
}

impl Strategies {
    pub fn new() -> Strategies {
        Strategies { accounts: Default::default(), flow: f64::NAN }
    }

    /// Trades on the features of the book's newest evaluation; the signals: 1 buys, -1 sells, 0 holds. Each strategy
    /// reads its inputs from the context.
    pub fn decide<C: Context>(&mut self, context: &C, book: BookId, instrument: InstrumentId) -> [i64; COUNT] {
        let signals = [
            below(context.feature(book, MID_PRICE), context.trade_mean(instrument)),
            imbalance(context.feature(book, IMBALANCE_LEVEL1)),
            below(context.feature(book, MID_PRICE), context.feature(book, MICRO_PRICE)),
            self.flow(context.feature(book, ORDER_FLOW_IMBALANCE)),
        ];
        for (account, &signal) in self.accounts.iter_mut().zip(&signals) {
            account.settle(signal, context.mid(instrument));
        }
        signals
    }

    /// Follows the sign of the averaged order flow.
    fn flow(&mut self, order_flow_imbalance: f64) -> i64 {
        if !order_flow_imbalance.is_nan() {
            self.flow = ema(self.flow, order_flow_imbalance);
        }
        i64::from(self.flow > 0.0) - i64::from(self.flow < 0.0)
    }
}

/// Buys below the expected price, sells above; holds if either is NaN.
fn below(price: f64, expected: f64) -> i64 {
    i64::from(price < expected) - i64::from(price > expected)
}

/// Follows the heavier side of the best level.
fn imbalance(imbalance_level1: f64) -> i64 {
    i64::from(imbalance_level1 > THRESHOLD) - i64::from(imbalance_level1 < -THRESHOLD)
}
