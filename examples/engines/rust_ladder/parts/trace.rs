//! The running trace: a 64-bit sum over all evaluations.

use super::features::Row;
use super::strategies;

const FOLD: u64 = 0x9E37_79B9_7F4A_7C15;

fn fold(state: u64, value: u64) -> u64 {
    let product = (state ^ value).wrapping_mul(FOLD);
    product ^ (product >> 32)
}

/// The bits of a double; for NaN and minus infinity, those of the lowest finite double.
fn value_bits(value: f64) -> u64 {
    let kept = if value > f64::MIN { value } else { f64::MIN };
    kept.to_bits()
}

/// The sums of an evaluation's row, in four lanes.
pub struct Lanes([u64; 4]);

impl Lanes {
    /// With the best price and size of each side.
    pub fn new(bid: (i64, u64), ask: (i64, u64)) -> Lanes {
        Lanes([bid.0 as u64, bid.1, ask.0 as u64, ask.1])
    }

    pub fn add_features(&mut self, row: &Row) {
        for (place, &value) in row.iter().enumerate() {
            self.add(place, value_bits(value));
        }
    }

    pub fn add_signals(&mut self, signals: &[i64; strategies::COUNT]) {
        for (place, &signal) in signals.iter().enumerate() {
            self.add(place, signal as u64);
        }
    }

    fn add(&mut self, place: usize, value: u64) {
        self.0[place % 4] = self.0[place % 4].wrapping_add(value);
    }

    /// The number for this row of this event of this book.
    pub fn fold(&self, (instrument_id, publisher_id): (u32, u16), event_number: u64) -> u64 {
        let key = u64::from(instrument_id) << 16 | u64::from(publisher_id);
        let lanes = self.0[0]
            .rotate_left(7)
            .wrapping_add(self.0[1].rotate_left(23))
            .wrapping_add(self.0[2].rotate_left(39))
            .wrapping_add(self.0[3].rotate_left(55));
        fold(key.wrapping_mul(FOLD).wrapping_add(event_number), lanes)
    }
}
