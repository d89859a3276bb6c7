//! Phase 0: clones each record, keeps its context behind locks and its features by name, and searches queues.
#![crate_type = "cdylib"]

mod parts;

use parts::abi::{table, EngineTable};
use parts::context::Locked;
use parts::engine::Policies;
use parts::features::ByName;
use parts::lookup::Scan;
use parts::records::Cloned;

struct P0;

impl Policies for P0 {
    type Events = Cloned;
    type Context = Locked<ByName>;
    type Lookup = Scan;
}

static TABLE: EngineTable = table::<P0>(b"rust p0\0", b"1\0");

#[no_mangle]
pub extern "C" fn lobench_engine() -> &'static EngineTable {
    &TABLE
}
