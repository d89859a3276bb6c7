// A textbook engine behind lobench's C ABI: one object per book, looked up in a map and evaluated at once. Slow, and
// written to be read; cpp_limit computes the same results.
#include <memory>
#include <new>

#include "features.h"

namespace {

struct Desk {  // a book and everything that depends on it
    Book book;
    Trackers trackers;
    Strategies strategies;
    Features newest;
    std::shared_ptr<Instrument> instrument;
};

class Engine {
  public:
    explicit Engine(const lobench_options &options) : options(options) {}

    void apply(const lobench_mbo &record) {
        Desk &desk = desk_of(record.instrument_id, record.publisher_id);
        const Effect effect = desk.book.apply(record);
        for (Anomaly anomaly : effect.anomalies) ++counts.anomalies[anomaly];
        ++counts.events;
        if (options.stage >= LOBENCH_STAGE_FEATURES) desk.trackers.update(desk.book, record, effect);
        if (record.action == 'T' && !effect.ignored) desk.instrument->trade(record.price);
        const bool last = record.flags & LOBENCH_F_LAST && !(record.flags & LOBENCH_F_SNAPSHOT);
        if (last || options.evaluate_every) evaluate(desk, record);
    }

    Desk *find(uint32_t instrument, uint16_t publisher) {
        auto found = desks.find(uint64_t(instrument) << 16 | publisher);
        return found == desks.end() ? nullptr : found->second.get();
    }

    lobench_counts counts{};
    uint64_t trace = 0;

  private:
    lobench_options options;
    std::unordered_map<uint64_t, std::unique_ptr<Desk>> desks;
    std::unordered_map<uint32_t, std::shared_ptr<Instrument>> instruments;

    Desk &desk_of(uint32_t instrument, uint16_t publisher) {
        std::unique_ptr<Desk> &desk = desks[uint64_t(instrument) << 16 | publisher];
        if (!desk) {
            desk = std::make_unique<Desk>();
            desk->newest.fill(UNDEFINED);
            std::shared_ptr<Instrument> &shared = instruments[instrument];
            if (!shared) shared = std::make_shared<Instrument>();
            shared->books.push_back(&desk->book);
            desk->instrument = shared;
        }
        return *desk;
    }

    static void add_quote(const Side &side, uint64_t &price, uint64_t &size) {
        price += side.empty() ? uint64_t(LOBENCH_UNDEF_PRICE) : uint64_t(side.begin()->first);
        size += side.empty() ? 0 : side.begin()->second.size;
    }

    void evaluate(Desk &desk, const lobench_mbo &record) {
        const Book &book = desk.book;
        uint64_t lanes[4] = {};
        add_quote(book.bids, lanes[0], lanes[1]);
        add_quote(book.asks, lanes[2], lanes[3]);
        if (options.stage >= LOBENCH_STAGE_FEATURES) {
            desk.newest = features_of(book, desk.trackers);
            desk.trackers.previous = {best_price(book.bids), best_size(book.bids), best_price(book.asks),
                                      best_size(book.asks)};
            for (int i = 0; i < LOBENCH_FEATURES_COUNT; ++i) lanes[i % 4] += lobench_value_bits(desk.newest[i]);
        }
        if (options.stage >= LOBENCH_STAGE_STRATEGIES) {
            const Signals signals = desk.strategies.evaluate(desk.newest, *desk.instrument);
            for (int k = 0; k < LOBENCH_STRATEGIES_COUNT; ++k) lanes[k] += uint64_t(int64_t(signals[k]));
        }
        trace += lobench_trace_row(record.instrument_id, record.publisher_id, book.n, lanes);
        ++counts.evaluations;
    }
};

Engine &engine_at(void *engine) { return *static_cast<Engine *>(engine); }

int32_t create(const lobench_options *options, void **engine) {
    if (options->stage == LOBENCH_STAGE_DECODE) return LOBENCH_UNSUPPORTED;
    *engine = new (std::nothrow) Engine(*options);
    return *engine ? LOBENCH_OK : LOBENCH_OUT_OF_MEMORY;
}

void destroy(void *engine) { delete static_cast<Engine *>(engine); }

int32_t apply(void *engine, const void *records, uint64_t stride, uint64_t count) try {
    const char *at = static_cast<const char *>(records);
    for (uint64_t i = 0; i < count; ++i, at += stride)
        engine_at(engine).apply(*reinterpret_cast<const lobench_mbo *>(at));
    return LOBENCH_OK;
} catch (const std::bad_alloc &) {
    return LOBENCH_OUT_OF_MEMORY;
}

int64_t levels(void *engine, uint32_t instrument, uint16_t publisher, char side, uint64_t first, uint64_t n,
               lobench_level *out) {
    Desk *desk = engine_at(engine).find(instrument, publisher);
    if (!desk) return 0;
    uint64_t at = 0, written = 0;
    for (const auto &[price, level] : desk->book.side(side))
        if (at++ >= first && written < n) out[written++] = {price, level.size, level.queue.size()};
    return int64_t(written);
}

int64_t orders(void *engine, uint32_t instrument, uint16_t publisher, char side, int64_t price, uint64_t first,
               uint64_t n, lobench_order *out) {
    Desk *desk = engine_at(engine).find(instrument, publisher);
    if (!desk) return 0;
    const Side &levels = desk->book.side(side);
    auto level = levels.find(price);
    if (level == levels.end()) return 0;
    uint64_t at = 0, written = 0;
    for (const Order &order : level->second.queue)
        if (at++ >= first && written < n) out[written++] = {order.id, order.size};
    return int64_t(written);
}

int32_t features(void *engine, uint32_t instrument, uint16_t publisher, double *out) {
    Desk *desk = engine_at(engine).find(instrument, publisher);
    if (desk) std::copy(desk->newest.begin(), desk->newest.end(), out);
    return desk != nullptr;
}

int32_t accounts(void *engine, uint32_t instrument, uint16_t publisher, lobench_account *out) {
    Desk *desk = engine_at(engine).find(instrument, publisher);
    if (desk) std::copy(desk->strategies.accounts.begin(), desk->strategies.accounts.end(), out);
    return desk != nullptr;
}

uint64_t trace(void *engine) { return engine_at(engine).trace; }

int32_t counts(void *engine, lobench_counts *out) {
    *out = engine_at(engine).counts;
    return LOBENCH_OK;
}

const char *error(void *) { return nullptr; }

const lobench_stage_name stages[] = {
    {"Book::apply", "lookup"},        {"Trackers::update", "trackers"}, {"features_of", "features"},
    {"Strategies::evaluate", "strategies"}, {nullptr, nullptr},
};

const lobench_engine_table table = {
    LOBENCH_ABI_VERSION,
    sizeof(lobench_engine_table),
    "C++ textbook",
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
