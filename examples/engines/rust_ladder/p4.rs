//! Phase 4: an order id leads directly to its order.
#![crate_type = "cdylib"]

mod parts;

use parts::abi::{table, EngineTable};
use parts::context::Snapshot;
use parts::engine::Policies;
use parts::features::ByPlace;
use parts::lookup::Hash;
use parts::records::Borrowed;

struct P4;

impl Policies for P4 {
    type Events = Borrowed;
    type Context = Snapshot<ByPlace>;
    type Lookup = Hash;
}

static TABLE: EngineTable = table::<P4>(b"rust p4\0", b"1\0");

#[no_mangle]
pub extern "C" fn lobench_engine() -> &'static EngineTable {
    &TABLE
}
