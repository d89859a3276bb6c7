//! The rules of a book: the effect of each action on orders, levels and trackers.

use super::lookup::Lookup;
use super::orders::{Ladder, Level, Order, Orders, Place};
use super::records::{Anomalies, Anomaly, Record, Side, F_TOB, UNDEF_PRICE};
use super::trackers::{QueuePosition, Trackers};

/// The effect of an event, for other modules.
#[derive(PartialEq, Eq)]
pub enum Effect {
    Nothing,
    BookChanged,
    Traded,
}

pub struct Book<L> {
    /// Events of this book so far, including the current one.
    pub events: u64,
    pub trackers: Trackers,
    pub positions: [QueuePosition; 2],
    ladders: [Ladder; 2],
    orders: Orders,
    lookup: L,
}

impl<L: Lookup> Book<L> {
    pub fn new() -> Self {
        Book {
            events: 0,
            trackers: Trackers::new(),
            positions: Default::default(),
            ladders: Side::BOTH.map(Ladder::new),
            orders: Orders::default(),
            lookup: L::default(),
        }
    }

    pub fn side(&self, side: Side) -> &Ladder {
        &self.ladders[side as usize]
    }

    pub fn queue<'a>(&'a self, level: &'a Level) -> impl Iterator<Item = &'a Order> {
        level.queue(&self.orders).map(|(_, order)| order)
    }

    /// Handles one record: book rules, anomalies, trackers.
    pub fn apply(&mut self, record: &Record, anomalies: &mut Anomalies) -> Effect {
        self.events += 1;
        let effect = match record.action {
            b'A' | b'M' => {
                self.add_or_modify(record, anomalies);
                Effect::BookChanged
            }
            b'C' => {
                self.cancel(record, anomalies);
                Effect::BookChanged
            }
            b'R' => {
                Side::BOTH.iter().for_each(|&side| self.empty_side(side));
                Effect::BookChanged
            }
            b'T' => self.trade(record, anomalies),
            b'F' | b'N' => Effect::Nothing,
            _ => {
                anomalies.note(Anomaly::UnknownAction);
                Effect::Nothing
            }
        };
        self.trackers.window.follow(self.events);
        if effect == Effect::BookChanged {
            for side in Side::BOTH {
                self.positions[side as usize].follow(self.ladders[side as usize].best(), self.events);
            }
        }
        effect
    }

    fn add_or_modify(&mut self, record: &Record, anomalies: &mut Anomalies) {
        let adds = record.action == b'A';
        let side = match Side::of(record.side) {
            Some(side) => side,
            None => return anomalies.note(Anomaly::InvalidSide),
        };
        if adds && record.flags & F_TOB != 0 {
            return self.replace_side(side, record, anomalies);
        }
        if record.price == UNDEF_PRICE {
            return anomalies.note(Anomaly::UndefinedPrice);
        }
        if record.size == 0 {
            return anomalies.note(Anomaly::ZeroSize);
        }
        let found = self.lookup.find(record.order_id, &self.ladders, &self.orders);
        if adds {
            self.trackers.window.add(record.size);
            if let Some(place) = found {
                anomalies.note(Anomaly::AddExistingOrder);
                self.remove(place);
            }
            self.create(side, record);
        } else {
            self.trackers.window.modifies += 1;
            match found {
                Some(place) => self.modify(place, side, record),
                None => {
                    anomalies.note(Anomaly::ModifyUnknownOrder);
                    self.create(side, record);
                }
            }
        }
    }

    fn modify(&mut self, place: Place, side: Side, record: &Record) {
        let order = self.orders.get(place);
        if order.side != side {
            self.remove(place);
            self.create(side, record);
        } else if order.price == record.price && record.size <= order.size {
            let taken = order.size - record.size;
            self.reduce(place, taken);
        } else {
            self.leave(place);
            let order = self.orders.get_mut(place);
            order.price = record.price;
            order.size = record.size;
            order.arrival = self.events;
            self.lookup.moved(order);
            self.ladders[side as usize].level_for(record.price).join(&mut self.orders, place);
        }
    }

    fn cancel(&mut self, record: &Record, anomalies: &mut Anomalies) {
        let place = match self.lookup.find(record.order_id, &self.ladders, &self.orders) {
            Some(place) => place,
            None => return anomalies.note(Anomaly::CancelUnknownOrder),
        };
        let order = self.orders.get(place);
        if order.price != record.price || Side::of(record.side) != Some(order.side) {
            anomalies.note(Anomaly::CancelMismatch);
        }
        if record.size > order.size {
            anomalies.note(Anomaly::CancelOversize);
        }
        let taken = record.size.min(order.size);
        self.trackers.window.cancelled_size += u64::from(taken);
        if taken == order.size {
            self.trackers.follow_lifetime(self.events - order.birth);
            self.remove(place);
        } else {
            self.reduce(place, taken);
        }
    }

    fn trade(&mut self, record: &Record, anomalies: &mut Anomalies) -> Effect {
        if record.price == UNDEF_PRICE {
            anomalies.note(Anomaly::TradeUndefinedPrice);
            return Effect::Nothing;
        }
        let best = |side| self.side(side).best().map_or(f64::NAN, |level| level.price as f64);
        let (bid, ask) = (best(Side::Bid), best(Side::Ask));
        self.trackers.follow_trade(record, bid, ask);
        Effect::Traded
    }

    /// A top-of-book record: the side becomes one level without orders, or empty.
    fn replace_side(&mut self, side: Side, record: &Record, anomalies: &mut Anomalies) {
        if record.price == UNDEF_PRICE {
            self.empty_side(side);
        } else if record.size == 0 {
            anomalies.note(Anomaly::ZeroSize);
        } else {
            self.empty_side(side);
            self.ladders[side as usize].level_for(record.price).size = u64::from(record.size);
            self.trackers.window.add(record.size);
        }
    }

    fn empty_side(&mut self, side: Side) {
        for level in self.ladders[side as usize].take() {
            let places: Vec<Place> = level.queue(&self.orders).map(|(place, _)| place).collect();
            for place in places {
                self.lookup.erase(self.orders.get(place).order_id);
                self.orders.free(place);
            }
        }
        self.positions[side as usize].reset();
    }

    fn create(&mut self, side: Side, record: &Record) {
        let order = Order::new(record.order_id, side, record.price, record.size, self.events);
        let place = self.orders.insert(order);
        self.lookup.insert(self.orders.get(place), place);
        self.ladders[side as usize].level_for(record.price).join(&mut self.orders, place);
    }

    fn remove(&mut self, place: Place) {
        self.leave(place);
        self.lookup.erase(self.orders.get(place).order_id);
        self.orders.free(place);
    }

    /// Removes an order from its level, and the level if it becomes empty.
    fn leave(&mut self, place: Place) {
        let order = self.orders.get(place);
        let (side, price) = (order.side as usize, order.price);
        self.positions[side].lose(order, order.size);
        if let Some(level) = self.ladders[side].level_mut(price) {
            level.leave(&mut self.orders, place);
            if level.size == 0 {
                self.ladders[side].remove(price);
            }
        }
    }

    /// An order loses some of its size and keeps its place.
    fn reduce(&mut self, place: Place, taken: u32) {
        let order = self.orders.get_mut(place);
        self.positions[order.side as usize].lose(order, taken);
        order.size -= taken;
        if let Some(level) = self.ladders[order.side as usize].level_mut(order.price) {
            level.size -= u64::from(taken);
        }
    }
}
