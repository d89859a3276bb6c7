//! Records in the feed's buffer, and the two ways to read them: cloned or borrowed.

/// A DBN `MboMsg`, 56 bytes; prices are in units of 1e-9.
#[derive(Clone)]
#[repr(C)]
pub struct Record {
    pub length: u8,
    pub rtype: u8,
    pub publisher_id: u16,
    pub instrument_id: u32,
    pub ts_event: u64,
    pub order_id: u64,
    pub price: i64,
    pub size: u32,
    pub flags: u8,
    pub channel_id: u8,
    pub action: u8,
    pub side: u8,
    pub ts_recv: u64,
    pub ts_in_delta: i32,
    pub sequence: u32,
}

pub const F_LAST: u8 = 0x80;
pub const F_TOB: u8 = 0x40;
pub const F_SNAPSHOT: u8 = 0x20;
pub const UNDEF_PRICE: i64 = i64::MAX;

const BATCH: usize = 4096;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Bid,
    Ask,
}

impl Side {
    pub const BOTH: [Side; 2] = [Side::Bid, Side::Ask];

    pub fn of(code: u8) -> Option<Side> {
        match code {
            b'B' => Some(Side::Bid),
            b'A' => Some(Side::Ask),
            _ => None,
        }
    }

    /// Whether a price of this side is better than another.
    pub fn better(self, price: i64, other: i64) -> bool {
        match self {
            Side::Bid => price > other,
            Side::Ask => price < other,
        }
    }
}

/// The counted anomalies, in the order of their counters.
#[derive(Clone, Copy)]
pub enum Anomaly {
    AddExistingOrder,
    CancelMismatch,
    CancelOversize,
    CancelUnknownOrder,
    InvalidSide,
    ModifyUnknownOrder,
    TradeUndefinedPrice,
    UndefinedPrice,
    UnknownAction,
    ZeroSize,
}

#[derive(Clone, Default)]
pub struct Anomalies(pub [u64; 10]);

impl Anomalies {
    pub fn note(&mut self, anomaly: Anomaly) {
        self.0[anomaly as usize] += 1;
    }
}

/// The way the engine reads events from the feed's buffer.
pub trait Events {
    fn each<'a>(records: impl Iterator<Item = &'a Record>, handle: impl FnMut(&Record));
}

/// Records are cloned into a batch owned by the engine: the feed cannot change an event through its buffer.
pub struct Cloned;

impl Events for Cloned {
    fn each<'a>(mut records: impl Iterator<Item = &'a Record>, mut handle: impl FnMut(&Record)) {
        loop {
            let batch: Vec<Record> = records.by_ref().take(BATCH).cloned().collect();
            if batch.is_empty() {
                break;
            }
            batch.iter().for_each(&mut handle);
        }
    }
}

/// Records are read in place; the borrow ends with the call.
pub struct Borrowed;

impl Events for Borrowed {
    fn each<'a>(records: impl Iterator<Item = &'a Record>, handle: impl FnMut(&Record)) {
        records.for_each(handle);
    }
}
