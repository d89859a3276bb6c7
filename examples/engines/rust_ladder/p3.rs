//! Phase 3: features are elements of an array.
#![crate_type = "cdylib"]

mod parts;

use parts::abi::{table, EngineTable};
use parts::context::Snapshot;
use parts::engine::Policies;
use parts::features::ByPlace;
use parts::lookup::Scan;
use parts::records::Borrowed;

struct P3;

impl Policies for P3 {
    type Events = Borrowed;
    type Context = Snapshot<ByPlace>;
    type Lookup = Scan;
}

static TABLE: EngineTable = table::<P3>(b"rust p3\0", b"1\0");

#[no_mangle]
pub extern "C" fn lobench_engine() -> &'static EngineTable {
    &TABLE
}
