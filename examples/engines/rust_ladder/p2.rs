//! Phase 2: strategies read a snapshot, without a lock.
#![crate_type = "cdylib"]

mod parts;

use parts::abi::{table, EngineTable};
use parts::context::Snapshot;
use parts::engine::Policies;
use parts::features::ByName;
use parts::lookup::Scan;
use parts::records::Borrowed;

struct P2;

impl Policies for P2 {
    type Events = Borrowed;
    type Context = Snapshot<ByName>;
    type Lookup = Scan;
}

static TABLE: EngineTable = table::<P2>(b"rust p2\0", b"1\0");

#[no_mangle]
pub extern "C" fn lobench_engine() -> &'static EngineTable {
    &TABLE
}
