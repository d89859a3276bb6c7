//! Orders, their queues and the levels of a side.
//!
//! All orders of a book lie in one `Vec`, linked by their indices: the usual doubly linked list without
//! unsafe code. A side is a `BTreeMap` of levels, whose keys sort the best price first.

use std::collections::BTreeMap;

use super::records::Side;

/// The index of an order in `Orders`.
pub type Place = u32;

const NOWHERE: Place = Place::MAX;

pub struct Order {
    pub order_id: u64,
    pub price: i64,
    /// The book's event numbers at which it was added, and at which it last joined a tail.
    pub birth: u64,
    pub arrival: u64,
    pub size: u32,
    pub side: Side,
    next: Place,
    previous: Place,
}

impl Order {
    pub fn new(order_id: u64, side: Side, price: i64, size: u32, now: u64) -> Order {
        Order { order_id, price, birth: now, arrival: now, size, side, next: NOWHERE, previous: NOWHERE }
    }
}

#[derive(Default)]
pub struct Orders {
    places: Vec<Order>,
    free: Vec<Place>,
}

impl Orders {
    pub fn insert(&mut self, order: Order) -> Place {
        match self.free.pop() {
            Some(place) => {
                self.places[place as usize] = order;
                place
            }
            None => {
                self.places.push(order);
                (self.places.len() - 1) as Place
            }
        }
    }

    pub fn free(&mut self, place: Place) {
        self.free.push(place);
    }

    pub fn get(&self, place: Place) -> &Order {
        &self.places[place as usize]
    }

    pub fn get_mut(&mut self, place: Place) -> &mut Order {
        &mut self.places[place as usize]
    }
}

/// A price level: a FIFO queue of orders, plus anonymous size (of a top-of-book record).
pub struct Level {
    pub price: i64,
    pub size: u64,
    pub count: u64,
    front: Place,
    back: Place,
}

impl Level {
    fn new(price: i64) -> Level {
        Level { price, size: 0, count: 0, front: NOWHERE, back: NOWHERE }
    }

    /// Puts an order at the tail.
    pub fn join(&mut self, orders: &mut Orders, place: Place) {
        let back = self.back;
        let order = orders.get_mut(place);
        self.size += u64::from(order.size);
        self.count += 1;
        order.previous = back;
        order.next = NOWHERE;
        match back {
            NOWHERE => self.front = place,
            _ => orders.get_mut(back).next = place,
        }
        self.back = place;
    }

    /// Takes an order out of the queue.
    pub fn leave(&mut self, orders: &mut Orders, place: Place) {
        let order = orders.get(place);
        let (previous, next) = (order.previous, order.next);
        self.size -= u64::from(order.size);
        self.count -= 1;
        match previous {
            NOWHERE => self.front = next,
            _ => orders.get_mut(previous).next = next,
        }
        match next {
            NOWHERE => self.back = previous,
            _ => orders.get_mut(next).previous = previous,
        }
    }

    /// Its orders, front to tail.
    pub fn queue<'a>(&self, orders: &'a Orders) -> impl Iterator<Item = (Place, &'a Order)> {
        let mut place = self.front;
        std::iter::from_fn(move || {
            let here = place;
            if here == NOWHERE {
                return None;
            }
            let order = orders.get(here);
            place = order.next;
            Some((here, order))
        })
    }
}

pub struct Ladder {
    side: Side,
    levels: BTreeMap<i64, Level>,
}

impl Ladder {
    pub fn new(side: Side) -> Ladder {
        Ladder { side, levels: BTreeMap::new() }
    }

    /// The sort key of levels. The complement reverses the order of prices without overflow.
    fn rank(&self, price: i64) -> i64 {
        match self.side {
            Side::Bid => !price,
            Side::Ask => price,
        }
    }

    pub fn best(&self) -> Option<&Level> {
        self.levels.values().next()
    }

    /// Levels, best first.
    pub fn levels(&self) -> impl Iterator<Item = &Level> {
        self.levels.values()
    }

    pub fn level(&self, price: i64) -> Option<&Level> {
        self.levels.get(&self.rank(price))
    }

    pub fn level_mut(&mut self, price: i64) -> Option<&mut Level> {
        let rank = self.rank(price);
        self.levels.get_mut(&rank)
    }

    /// The level at a price, created if necessary.
    pub fn level_for(&mut self, price: i64) -> &mut Level {
        let rank = self.rank(price);
        self.levels.entry(rank).or_insert_with(|| Level::new(price))
    }

    pub fn remove(&mut self, price: i64) {
        let rank = self.rank(price);
        self.levels.remove(&rank);
    }

    /// Takes all levels out.
    pub fn take(&mut self) -> impl Iterator<Item = Level> {
        std::mem::take(&mut self.levels).into_values()
    }
}
