//! The engine: passes each record to its book and the context, and evaluates at the end of each event.

use std::collections::{HashMap, VecDeque};

use super::book::{Book, Effect};
use super::context::{Best, BookId, Context, InstrumentId, Quote, Trades};
use super::features::{self, Row, Top};
use super::lookup::Lookup;
use super::orders::Ladder;
use super::records::{Anomalies, Events, Record, Side, F_LAST, F_SNAPSHOT, UNDEF_PRICE};
use super::strategies::{Account, Strategies, COUNT};
use super::trace::Lanes;

const MEAN_TRADES: usize = 64;

/// The policies that the steps of the plan exchange.
pub trait Policies {
    type Events: Events;
    type Context: Context;
    type Lookup: Lookup;
}

/// Stages of the pipeline; each includes all before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Decode,
    Book,
    Features,
    Strategies,
}

#[derive(Clone, Copy)]
pub struct Options {
    pub stage: Stage,
    pub evaluate_every: bool,
}

/// A book with its associated state.
struct Desk<L> {
    id: BookId,
    instrument: usize,
    book: Book<L>,
    strategies: Strategies,
}

struct Instrument {
    id: InstrumentId,
    desks: Vec<usize>,
    last_prices: VecDeque<i64>,
    price_sum: i64,
}

#[derive(Default)]
pub struct Totals {
    pub events: u64,
    pub evaluations: u64,
    pub anomalies: Anomalies,
    pub trace: u64,
    /// Sum of all fields read, so that the compiler cannot drop the reads if nothing else is done.
    decoded: u64,
}

pub struct Engine<P: Policies> {
    market: Market<P::Context, P::Lookup>,
}

struct Market<C, L> {
    options: Options,
    totals: Totals,
    context: C,
    desks: Vec<Desk<L>>,
    instruments: Vec<Instrument>,
    desk_numbers: HashMap<(u32, u16), usize>,
    instrument_numbers: HashMap<u32, usize>,
    /// The desk of the previous record.
    last: Option<((u32, u16), usize)>,
}

impl<P: Policies> Engine<P> {
    pub fn new(options: Options) -> Self {
        let market = Market {
            options,
            totals: Totals::default(),
            context: P::Context::default(),
            desks: Vec::new(),
            instruments: Vec::new(),
            desk_numbers: HashMap::new(),
            instrument_numbers: HashMap::new(),
            last: None,
        };
        Engine { market }
    }

    pub fn apply<'a>(&mut self, records: impl Iterator<Item = &'a Record>) {
        let market = &mut self.market;
        match market.options.stage {
            Stage::Decode => P::Events::each(records, |record| market.decode(record)),
            _ => P::Events::each(records, |record| market.handle(record)),
        }
    }

    pub fn totals(&self) -> &Totals {
        &self.market.totals
    }

    pub fn book(&self, id: (u32, u16)) -> Option<&Book<P::Lookup>> {
        Some(&self.market.desk(id)?.book)
    }

    pub fn features(&self, id: (u32, u16)) -> Option<Row> {
        let desk = self.market.desk(id)?;
        let mut row = [0.0; features::COUNT];
        for (feature, value) in row.iter_mut().enumerate() {
            *value = self.market.context.feature(desk.id, feature);
        }
        Some(row)
    }

    pub fn accounts(&self, id: (u32, u16)) -> Option<&[Account; COUNT]> {
        Some(&self.market.desk(id)?.strategies.accounts)
    }
}

impl<C: Context, L: Lookup> Market<C, L> {
    fn desk(&self, id: (u32, u16)) -> Option<&Desk<L>> {
        Some(&self.desks[*self.desk_numbers.get(&id)?])
    }

    fn decode(&mut self, record: &Record) {
        let fields = [
            record.order_id,
            record.price as u64,
            record.ts_event,
            u64::from(record.size),
            u64::from(record.instrument_id),
            u64::from(record.publisher_id),
            u64::from(record.action),
            u64::from(record.side),
            u64::from(record.flags),
        ];
        self.totals.events += 1;
        self.totals.decoded = fields.iter().fold(self.totals.decoded, |sum, &field| sum.wrapping_add(field));
    }

    fn handle(&mut self, record: &Record) {
        self.totals.events += 1;
        let number = self.desk_of((record.instrument_id, record.publisher_id));
        let desk = &mut self.desks[number];
        let instrument = desk.instrument;
        match desk.book.apply(record, &mut self.totals.anomalies) {
            Effect::BookChanged if self.options.stage == Stage::Strategies => self.quote(instrument),
            Effect::Traded if self.options.stage == Stage::Strategies => self.trade(instrument, record),
            _ => {}
        }
        if self.options.evaluate_every || record.flags & (F_LAST | F_SNAPSHOT) == F_LAST {
            self.evaluate(number);
        }
    }

    /// The number of a book's desk, created at its first record.
    fn desk_of(&mut self, id: (u32, u16)) -> usize {
        match self.last {
            Some((last, number)) if last == id => number,
            _ => {
                let number = match self.desk_numbers.get(&id) {
                    Some(&number) => number,
                    None => self.open(id),
                };
                self.last = Some((id, number));
                number
            }
        }
    }

    fn open(&mut self, id: (u32, u16)) -> usize {
        let desk_id = BookId { id, number: self.desks.len() };
        let instrument = match self.instrument_numbers.get(&id.0) {
            Some(&number) => number,
            None => {
                let new = InstrumentId { id: id.0, number: self.instruments.len() };
                let last_prices = VecDeque::with_capacity(MEAN_TRADES);
                self.instruments.push(Instrument { id: new, desks: Vec::new(), last_prices, price_sum: 0 });
                self.instrument_numbers.insert(id.0, new.number);
                self.context.add_instrument(new);
                new.number
            }
        };
        self.instruments[instrument].desks.push(desk_id.number);
        self.desk_numbers.insert(id, desk_id.number);
        self.context.add_book(desk_id);
        self.desks.push(Desk { id: desk_id, instrument, book: Book::new(), strategies: Strategies::new() });
        desk_id.number
    }

    /// Publishes the instrument's best prices over all its publishers.
    fn quote(&mut self, instrument: usize) {
        let instrument = &self.instruments[instrument];
        let quote = Quote { bid: self.best(instrument, Side::Bid), ask: self.best(instrument, Side::Ask) };
        self.context.put_quote(instrument.id, quote);
    }

    /// The best level over all books of an instrument, with the sizes at that price added.
    fn best(&self, instrument: &Instrument, side: Side) -> Best {
        let mut best = Best::default();
        for level in instrument.desks.iter().filter_map(|&number| self.desks[number].book.side(side).best()) {
            if best.size == 0 || side.better(level.price, best.price) {
                best = Best { price: level.price, size: level.size, count: level.count };
            } else if level.price == best.price {
                best.size += level.size;
                best.count += level.count;
            }
        }
        best
    }

    /// Publishes an instrument's last trade, and the mean of its last 64.
    fn trade(&mut self, instrument: usize, record: &Record) {
        let instrument = &mut self.instruments[instrument];
        if instrument.last_prices.len() == MEAN_TRADES {
            let oldest = instrument.last_prices.pop_front().unwrap_or(0);
            instrument.price_sum = instrument.price_sum.wrapping_sub(oldest);
        }
        instrument.last_prices.push_back(record.price);
        instrument.price_sum = instrument.price_sum.wrapping_add(record.price);
        let mean = match instrument.last_prices.len() {
            MEAN_TRADES => instrument.price_sum as f64 / 64e9,
            _ => f64::NAN,
        };
        let trades = Trades { price: record.price, size: record.size, side: record.side, mean };
        self.context.put_trades(instrument.id, trades);
    }

    fn evaluate(&mut self, number: usize) {
        self.totals.evaluations += 1;
        let desk = &mut self.desks[number];
        let book = &mut desk.book;
        let mut lanes = Lanes::new(best_of(book.side(Side::Bid)), best_of(book.side(Side::Ask)));
        if self.options.stage >= Stage::Features {
            let (bid, ask) = (Top::of(book.side(Side::Bid)), Top::of(book.side(Side::Ask)));
            let row = features::compute(book, &bid, &ask);
            book.trackers.previous.keep(&bid, &ask);
            self.context.put_features(desk.id, &row);
            lanes.add_features(&row);
        }
        if self.options.stage == Stage::Strategies {
            let instrument = self.instruments[desk.instrument].id;
            lanes.add_signals(&desk.strategies.decide(&self.context, desk.id, instrument));
        }
        self.totals.trace = self.totals.trace.wrapping_add(lanes.fold(desk.id.id, desk.book.events));
    }
}

/// Price and size of a side's best level, as used in the trace.
fn best_of(ladder: &Ladder) -> (i64, u64) {
    ladder.best().map_or((UNDEF_PRICE, 0), |level| (level.price, level.size))
}
