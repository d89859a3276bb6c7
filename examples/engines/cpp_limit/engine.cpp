// A hand-tuned engine behind lobench's C ABI: the limit for comparison with others. README.md lists what each
// file holds.
#include "engine.h"

namespace {

using limit::Book;
using limit::Engine;

Engine &engine_at(void *engine) { return *static_cast<Engine *>(engine); }

const Book *book_at(void *engine, uint32_t instrument, uint16_t publisher) {
    return engine_at(engine).directory.find(limit::key_of(instrument, publisher));
}

int32_t create(const lobench_options *options, void **engine) try {
    if (options->stage == LOBENCH_STAGE_DECODE) return LOBENCH_UNSUPPORTED;
    *engine = new Engine(*options);
    return LOBENCH_OK;
} catch (const std::bad_alloc &) {
    return LOBENCH_OUT_OF_MEMORY;
}

void destroy(void *engine) { delete static_cast<Engine *>(engine); }

int32_t apply(void *engine, const void *records, uint64_t stride, uint64_t count) try {
    engine_at(engine).apply(static_cast<const char *>(records), stride, count);
    return LOBENCH_OK;
} catch (const std::bad_alloc &) {
    return LOBENCH_OUT_OF_MEMORY;
}

int64_t levels(void *engine, uint32_t instrument, uint16_t publisher, char side, uint64_t first, uint64_t n,
               lobench_level *out) {
    const Book *book = book_at(engine, instrument, publisher);
    if (!book) return 0;
    limit::Store &store = engine_at(engine).store;
    uint64_t written = 0;
    limit::Walk walk = store.walk(*book, side == 'B' ? limit::BID : limit::ASK);
    for (uint64_t at = 0; written < n && walk.next(); ++at) {
        if (at < first) continue;
        const limit::Level &level = store.level(walk.level);
        uint64_t count = 0;
        for (uint32_t slot = level.head; slot; slot = store.orders[slot].next) ++count;
        out[written++] = {walk.price, level.size, count};
    }
    return int64_t(written);
}

int64_t orders(void *engine, uint32_t instrument, uint16_t publisher, char side, int64_t price, uint64_t first,
               uint64_t n, lobench_order *out) {
    const Book *book = book_at(engine, instrument, publisher);
    if (!book) return 0;
    limit::Store &store = engine_at(engine).store;
    const uint32_t level = store.level_at(*book, side == 'B' ? limit::BID : limit::ASK, price).level;
    uint64_t at = 0, written = 0;
    for (uint32_t slot = store.level(level).head; slot && written < n; slot = store.orders[slot].next)
        if (at++ >= first) out[written++] = {store.orders[slot].id, store.orders[slot].size};
    return int64_t(written);
}

int32_t features(void *engine, uint32_t instrument, uint16_t publisher, double *out) {
    const Book *book = book_at(engine, instrument, publisher);
    if (book) memcpy(out, book->row, sizeof book->row);
    return book != nullptr;
}

int32_t accounts(void *engine, uint32_t instrument, uint16_t publisher, lobench_account *out) {
    const Book *book = book_at(engine, instrument, publisher);
    for (int k = 0; book && k < LOBENCH_STRATEGIES_COUNT; ++k)
        out[k] = {int64_t(book->position[k]), book->cash[k], book->equity[k], book->trades[k]};
    return book != nullptr;
}

uint64_t trace(void *engine) { return engine_at(engine).trace; }

int32_t counts(void *engine, lobench_counts *out) {
    *out = engine_at(engine).counts;
    return LOBENCH_OK;
}

const char *error(void *engine) { return engine ? nullptr : "the stage is one that this engine cannot stop after"; }

// Functions of their own; the rest is inlined into the replay.
const lobench_stage_name stages[] = {
    {"limit::compute_top", "features"},
    {"limit::top_of", "features"},
    {"limit::slow_top", "features"},
    {"limit::Store::find_best", "best price"},
    {"limit::Store::leave", "levels"},
    {"limit::Store::rebuild", "levels"},
    {"limit::Store::far_place", "levels"},
    {"limit::Store::refill", "lookup"},
    {"limit::Directory::make", "lookup"},
    {nullptr, nullptr},
};

const lobench_engine_table table = {
    LOBENCH_ABI_VERSION,
    sizeof(lobench_engine_table),
    "C++ tuned by hand",
    "1.0",
    LOBENCH_BBO | LOBENCH_LEVELS | LOBENCH_QUEUES | LOBENCH_FEATURES | LOBENCH_STRATEGIES | LOBENCH_ANOMALIES,
    0,
    1,
    0,
    create,
    destroy,
    apply,
    levels,
    orders,
    features,
    accounts,
    trace,
    counts,
    error,
    stages,
};

}  // namespace

extern "C" const lobench_engine_table *lobench_engine() { return &table; }
