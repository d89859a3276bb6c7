//! The C ABI of lobench_engine.h: the table of functions, and all unsafe code of the library.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

use super::engine::{Engine, Options, Policies, Stage};
use super::features;
use super::records::{Record, Side};
use super::strategies;

const ABI_VERSION: u32 = 1;
/// Best prices, levels, queues, features, strategies, anomalies.
const OFFERS: u32 = 1 | 2 | 4 | 8 | 16 | 32;
const OK: i32 = 0;
const UNSUPPORTED: i32 = -2;
const FAILED: i32 = -4;

#[repr(C)]
pub struct EngineOptions {
    size: u32,
    stage: u32,
    evaluate_every: u32,
    workers: u32,
    expected_orders: u64,
    expected_instruments: u64,
}

#[repr(C)]
pub struct LevelOut {
    price: i64,
    size: u64,
    count: u64,
}

#[repr(C)]
pub struct OrderOut {
    order_id: u64,
    size: u64,
}

#[repr(C)]
pub struct AccountOut {
    position: i64,
    cash: f64,
    equity: f64,
    trades: i64,
}

#[repr(C)]
pub struct CountsOut {
    events: u64,
    evaluations: u64,
    anomalies: [u64; 10],
}

#[repr(C)]
pub struct StageName {
    symbol: *const c_char,
    stage: *const c_char,
}

type Handle = *mut c_void;

#[repr(C)]
pub struct EngineTable {
    abi_version: u32,
    size: u32,
    name: *const c_char,
    version: *const c_char,
    offers: u32,
    leaves_out: u32,
    most_workers: u32,
    reserved: u32,
    create: unsafe extern "C" fn(*const EngineOptions, *mut Handle) -> i32,
    destroy: unsafe extern "C" fn(Handle),
    apply: unsafe extern "C" fn(Handle, *const c_void, u64, u64) -> i32,
    levels: unsafe extern "C" fn(Handle, u32, u16, c_char, u64, u64, *mut LevelOut) -> i64,
    orders: unsafe extern "C" fn(Handle, u32, u16, c_char, i64, u64, u64, *mut OrderOut) -> i64,
    features: unsafe extern "C" fn(Handle, u32, u16, *mut f64) -> i32,
    accounts: unsafe extern "C" fn(Handle, u32, u16, *mut AccountOut) -> i32,
    trace: unsafe extern "C" fn(Handle) -> u64,
    counts: unsafe extern "C" fn(Handle, *mut CountsOut) -> i32,
    error: unsafe extern "C" fn(Handle) -> *const c_char,
    stages: *const StageName,
}

// The table that it points to is constant.
unsafe impl Sync for EngineTable {}

/// The table of the engine with these policies. `name` and `version` end with a zero byte.
pub const fn table<P: Policies>(name: &'static [u8], version: &'static [u8]) -> EngineTable {
    EngineTable {
        abi_version: ABI_VERSION,
        size: std::mem::size_of::<EngineTable>() as u32,
        name: name.as_ptr() as *const c_char,
        version: version.as_ptr() as *const c_char,
        offers: OFFERS,
        leaves_out: 0,
        most_workers: 1,
        reserved: 0,
        create: create::<P>,
        destroy: destroy::<P>,
        apply: apply::<P>,
        levels: levels::<P>,
        orders: orders::<P>,
        features: features::<P>,
        accounts: accounts::<P>,
        trace: trace::<P>,
        counts: counts::<P>,
        error: error::<P>,
        stages: null(),
    }
}

/// The target of a handle.
struct Served<P: Policies> {
    engine: Engine<P>,
    error: CString,
}

/// The records of a call, borrowed from the feed's buffer.
struct Records<'a> {
    next: *const u8,
    stride: usize,
    left: usize,
    buffer: PhantomData<&'a Record>,
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a Record;

    fn next(&mut self) -> Option<&'a Record> {
        self.left = self.left.checked_sub(1)?;
        // lobench guarantees `left` records, 8-byte aligned and unchanged during the call.
        let record = unsafe { &*(self.next as *const Record) };
        self.next = self.next.wrapping_add(self.stride);
        Some(record)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

fn options_of(given: &EngineOptions) -> Option<Options> {
    let stage = match given.stage {
        0 => Stage::Decode,
        1 => Stage::Book,
        2 => Stage::Features,
        3 => Stage::Strategies,
        _ => return None,
    };
    (given.evaluate_every <= 1).then_some(Options { stage, evaluate_every: given.evaluate_every == 1 })
}

unsafe fn served<'a, P: Policies>(handle: Handle) -> &'a mut Served<P> {
    &mut *(handle as *mut Served<P>)
}

unsafe extern "C" fn create<P: Policies>(options: *const EngineOptions, handle: *mut Handle) -> i32 {
    match options_of(&*options) {
        Some(options) => {
            let served = Box::new(Served { engine: Engine::<P>::new(options), error: CString::default() });
            *handle = Box::into_raw(served) as Handle;
            OK
        }
        None => UNSUPPORTED,
    }
}

unsafe extern "C" fn destroy<P: Policies>(handle: Handle) {
    drop(Box::from_raw(handle as *mut Served<P>));
}

unsafe extern "C" fn apply<P: Policies>(handle: Handle, records: *const c_void, stride: u64, count: u64) -> i32 {
    let served = served::<P>(handle);
    let records =
        Records { next: records as *const u8, stride: stride as usize, left: count as usize, buffer: PhantomData };
    // A panic must not cross into C.
    match catch_unwind(AssertUnwindSafe(|| served.engine.apply(records))) {
        Ok(()) => OK,
        Err(cause) => {
            let text = cause.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
            served.error = CString::new(text).unwrap_or_default();
            FAILED
        }
    }
}

fn side_of(code: c_char) -> Option<Side> {
    Side::of(code as u8)
}

/// Writes up to `n` of `values`, starting with number `first`; returns the number written.
unsafe fn write<T>(values: impl Iterator<Item = T>, first: u64, n: u64, out: *mut T) -> i64 {
    let mut written = 0;
    for value in values.skip(first as usize).take(n as usize) {
        out.add(written).write(value);
        written += 1;
    }
    written as i64
}

unsafe extern "C" fn levels<P: Policies>(
    handle: Handle,
    instrument_id: u32,
    publisher_id: u16,
    side: c_char,
    first: u64,
    n: u64,
    out: *mut LevelOut,
) -> i64 {
    match (served::<P>(handle).engine.book((instrument_id, publisher_id)), side_of(side)) {
        (Some(book), Some(side)) => {
            let levels = book.side(side).levels();
            let levels = levels.map(|level| LevelOut { price: level.price, size: level.size, count: level.count });
            write(levels, first, n, out)
        }
        _ => 0,
    }
}

#[allow(clippy::too_many_arguments)]
unsafe extern "C" fn orders<P: Policies>(
    handle: Handle,
    instrument_id: u32,
    publisher_id: u16,
    side: c_char,
    price: i64,
    first: u64,
    n: u64,
    out: *mut OrderOut,
) -> i64 {
    let book = match (served::<P>(handle).engine.book((instrument_id, publisher_id)), side_of(side)) {
        (Some(book), Some(side)) => book.side(side).level(price).map(|level| book.queue(level)),
        _ => None,
    };
    let orders = book.into_iter().flatten();
    write(orders.map(|order| OrderOut { order_id: order.order_id, size: u64::from(order.size) }), first, n, out)
}

unsafe extern "C" fn features<P: Policies>(
    handle: Handle,
    instrument_id: u32,
    publisher_id: u16,
    out: *mut f64,
) -> i32 {
    match served::<P>(handle).engine.features((instrument_id, publisher_id)) {
        Some(row) => write(row.into_iter(), 0, features::COUNT as u64, out).min(1) as i32,
        None => 0,
    }
}

unsafe extern "C" fn accounts<P: Policies>(
    handle: Handle,
    instrument_id: u32,
    publisher_id: u16,
    out: *mut AccountOut,
) -> i32 {
    match served::<P>(handle).engine.accounts((instrument_id, publisher_id)) {
        Some(accounts) => {
            let accounts = accounts.iter().map(|account| AccountOut {
                position: account.position,
                cash: account.cash,
                equity: account.equity,
                trades: account.trades,
            });
            write(accounts, 0, strategies::COUNT as u64, out).min(1) as i32
        }
        None => 0,
    }
}

unsafe extern "C" fn trace<P: Policies>(handle: Handle) -> u64 {
    served::<P>(handle).engine.totals().trace
}

unsafe extern "C" fn counts<P: Policies>(handle: Handle, out: *mut CountsOut) -> i32 {
    let totals = served::<P>(handle).engine.totals();
    let anomalies = totals.anomalies.0;
    out.write(CountsOut { events: totals.events, evaluations: totals.evaluations, anomalies });
    OK
}

unsafe extern "C" fn error<P: Policies>(handle: Handle) -> *const c_char {
    if handle.is_null() {
        let text = CStr::from_bytes_with_nul_unchecked(b"stage must be 0 to 3, evaluate_every 0 or 1\0");
        return text.as_ptr();
    }
    served::<P>(handle).error.as_ptr()
}
