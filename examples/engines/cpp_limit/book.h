// A book: its window, its best levels, and its trackers, newest features and accounts, in the order in which an event
// needs them, so that it touches few cache lines.
#pragma once

#include <memory>

#include "levels.h"

namespace limit {

typedef double Two __attribute__((vector_size(16)));
typedef double Four __attribute__((vector_size(32)));
typedef int64_t FourInts __attribute__((vector_size(32)));

constexpr int64_t NO_PRICE = LOBENCH_UNDEF_PRICE;
constexpr double UNDEFINED = __builtin_nan("");
constexpr uint32_t WINDOW_EVENTS = 100;

struct Book;

// Shared by all books of one instrument.
struct Instrument {
    double mean = UNDEFINED;  // of the last 64 trades' prices, in the price's currency; NaN before there are 64
    std::vector<const Book *> books;
    uint64_t trades = 0, sum = 0;  // of their prices, modulo 2^64
    int64_t last[64] = {};

    void trade(int64_t price) {
        sum += uint64_t(price) - uint64_t(last[trades % 64]);
        last[trades % 64] = price;
        if (++trades >= 64) mean = double(int64_t(sum)) / 64e9;
    }
};

// Counts of the current window of 100 events.
struct Counting {
    uint32_t left = WINDOW_EVENTS;  // events until it closes
    uint32_t adds = 0, modifies = 0;
    uint64_t added_size = 0, cancelled_size = 0;
};

struct Averages {
    double window_adds = UNDEFINED, window_cancellation = UNDEFINED, window_modification_rate = UNDEFINED;
    double lifetime = UNDEFINED, trade_flow = UNDEFINED;
    double trade_price = UNDEFINED, spread_effective = UNDEFINED;  // in the price's currency
};

struct Far {
    FarLevels side[2];
    uint64_t misses = 0, patience = 8;  // levels put here since the last choice of window, and until the next
};

struct alignas(64) Book {
    Window window;
    uint32_t best_level[2] = {NO_LEVEL, NO_LEVEL};
    int64_t best_price[2] = {NO_PRICE, NO_PRICE};

    uint32_t edge[2] = {~0u, ~0u};  // the last window levels among the best five
    uint32_t changed = 3;  // sides (1 << side) whose five best levels changed since the newest evaluation
    uint32_t number = 0;
    uint64_t n = 0;         // events
    uint64_t key = 0;       // instrument_id << 16 | publisher_id
    std::unique_ptr<Far> far;
    Instrument *instrument = nullptr;

    // Queue positions: of an order that joined the tail of the best level at event `joined`.
    int64_t queue_price[2] = {NO_PRICE, NO_PRICE};
    int64_t queue_ahead[2] = {0, 0};
    uint32_t queue_joined[2] = {0, 0};
    Counting counting;
    Averages averages;

    // The newest evaluation: features, best prices and sizes (bid, bid size, ask, ask size).
    Four row[6] = {Four{} + UNDEFINED, Four{} + UNDEFINED, Four{} + UNDEFINED,
                   Four{} + UNDEFINED, Four{} + UNDEFINED, Four{} + UNDEFINED};
    Four quotes = Four{} + UNDEFINED;
    // The five best levels of both sides: price (NaN: none) and size, the fifth of both sides together.
    Four price[2] = {}, size[2] = {};
    Two fifth_price = {}, fifth_size = {};

    // One lane per strategy.
    Four position = {}, cash = {}, equity = {};
    FourInts trades = {};
    double flow = UNDEFINED;  // state of the last one

    const FarLevels *far_levels(uint32_t side) const { return far ? &far->side[side] : nullptr; }
};

}  // namespace limit
