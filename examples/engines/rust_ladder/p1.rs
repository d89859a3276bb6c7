//! Phase 1: records are read in place.
#![crate_type = "cdylib"]

mod parts;

use parts::abi::{table, EngineTable};
use parts::context::Locked;
use parts::engine::Policies;
use parts::features::ByName;
use parts::lookup::Scan;
use parts::records::Borrowed;

struct P1;

impl Policies for P1 {
    type Events = Borrowed;
    type Context = Locked<ByName>;
    type Lookup = Scan;
}

static TABLE: EngineTable = table::<P1>(b"rust p1\0", b"1\0");

#[no_mangle]
pub extern "C" fn lobench_engine() -> &'static EngineTable {
    &TABLE
}
