//! Finding a resting order by its id: by walking its level's queue, or with a hash table.

use std::collections::HashMap;

use super::orders::{Ladder, Order, Orders, Place};
use super::records::Side;

pub trait Lookup: Default {
    fn find(&self, order_id: u64, ladders: &[Ladder; 2], orders: &Orders) -> Option<Place>;
    fn insert(&mut self, order: &Order, place: Place);
    /// An order has moved to another price.
    fn moved(&mut self, order: &Order);
    fn erase(&mut self, order_id: u64);
}

/// A directory gives an order's level, which a cancel does not; its queue is then searched from the front. No queue
/// positions to maintain, and fast while queues are short.
#[derive(Default)]
pub struct Scan {
    directory: HashMap<u64, (Side, i64)>,
}

impl Lookup for Scan {
    fn find(&self, order_id: u64, ladders: &[Ladder; 2], orders: &Orders) -> Option<Place> {
        let &(side, price) = self.directory.get(&order_id)?;
        let level = ladders[side as usize].level(price)?;
        let found = level.queue(orders).find(|(_, order)| order.order_id == order_id);
        found.map(|(place, _)| place)
    }

    fn insert(&mut self, order: &Order, _place: Place) {
        self.directory.insert(order.order_id, (order.side, order.price));
    }

    fn moved(&mut self, order: &Order) {
        self.directory.insert(order.order_id, (order.side, order.price));
    }

    fn erase(&mut self, order_id: u64) {
        self.directory.remove(&order_id);
    }
}

/// The id leads directly to the order.
#[derive(Default)]
pub struct Hash {
    places: HashMap<u64, Place>,
}

impl Lookup for Hash {
    fn find(&self, order_id: u64, _ladders: &[Ladder; 2], _orders: &Orders) -> Option<Place> {
        self.places.get(&order_id).copied()
    }

    fn insert(&mut self, order: &Order, place: Place) {
        self.places.insert(order.order_id, place);
    }

    fn moved(&mut self, _order: &Order) {}

    fn erase(&mut self, order_id: u64) {
        self.places.remove(&order_id);
    }
}
