// The effect of a record on its book (docs/semantics.md, "Book rules" and "Trackers"). With TRACKED, trackers follow; a
// replay that stops after the books needs none.
#pragma once

#include <cmath>

#include "store.h"

namespace limit {

enum Anomaly {
    ADD_EXISTING_ORDER,
    CANCEL_MISMATCH,
    CANCEL_OVERSIZE,
    CANCEL_UNKNOWN_ORDER,
    INVALID_SIDE,
    MODIFY_UNKNOWN_ORDER,
    TRADE_UNDEFINED_PRICE,
    UNDEFINED_PRICE,
    UNKNOWN_ACTION,
    ZERO_SIZE
};

inline uint32_t side_number(char side) { return side == 'B' ? BID : side == 'A' ? ASK : NO_SIDE; }

inline double ema(double mean, double value) { return std::isnan(mean) ? value : mean + 0.1 * (value - mean); }

template <bool TRACKED> class Rules {
  public:
    Rules(Store &store, uint64_t *anomalies) : store(store), anomalies(anomalies) {}

    // Records that are neither A, C nor M.
    __attribute__((noinline)) void other(Book &book, const lobench_mbo &record) {
        switch (record.action) {
        case 'T':
            return trade(book, record);
        case 'R':
            clear(book, BID);
            return clear(book, ASK);
        case 'F':
        case 'N':
            return;
        default:
            ++anomalies[UNKNOWN_ACTION];
        }
    }

    // To be called after each event.
    void follow(Book &book) {
        if (__builtin_expect(--book.counting.left == 0, 0)) close_window(book);
        follow_queue(book, BID);
        follow_queue(book, ASK);
    }

    // An order is about to lose size. The hypothetical order stands at the level that is best before the event.
    void lost(Book &book, uint32_t side, const Order &order, uint32_t size) {
        if constexpr (TRACKED) {
            const bool ahead = order.level == book.best_level[side] &&
                               int32_t(order.arrival - book.queue_joined[side]) <= 0;
            book.queue_ahead[side] -= int64_t(size) & -int64_t(ahead);
        }
    }

    // The size of a level changes.
    void changed(Book &book, uint32_t side, Place at) {
        if constexpr (TRACKED) {
            book.changed |= uint32_t(at.level <= book.edge[side] || at.outside) << side;
        }
    }

    __attribute__((noinline)) void add(Book &book, const lobench_mbo &record) {
        if (record.flags & LOBENCH_F_TOB) return top_of_book(book, record);
        const uint32_t side = side_number(record.side);
        if (!checked(record, side)) return;
        const Found found = store.find(book, record.order_id);
        if (__builtin_expect(found.slot != 0, 0)) {
            ++anomalies[ADD_EXISTING_ORDER];
            remove(book, found);
        }
        create(book, side, record);
        if constexpr (TRACKED) {
            ++book.counting.adds;
            book.counting.added_size += record.size;
        }
    }

    __attribute__((noinline)) void cancel(Book &book, const lobench_mbo &record) {
        const uint32_t record_side = side_number(record.side);
        const Found found = store.find(book, record.order_id);
        if (__builtin_expect(!found.slot, 0)) {
            ++anomalies[CANCEL_UNKNOWN_ORDER];
            return;
        }
        Order &order = store.orders[found.slot];
        const uint32_t side = store.side_of(book, order);
        if (__builtin_expect(order.level != store.level_at(book, record_side, record.price).level ||
                                 side != record_side, 0))
            ++anomalies[CANCEL_MISMATCH];
        if (__builtin_expect(record.size > order.size, 0)) ++anomalies[CANCEL_OVERSIZE];
        if (record.size < order.size) {
            reduce(book, side, order, record.size);
            if constexpr (TRACKED) book.counting.cancelled_size += record.size;
        } else {
            if constexpr (TRACKED) {
                book.counting.cancelled_size += order.size;
                // Events of a book modulo 2^32: no order lives through four billion of them.
                book.averages.lifetime = ema(book.averages.lifetime, double(uint32_t(book.n) - order.birth));
            }
            remove(book, found);
        }
    }

    __attribute__((noinline)) void modify(Book &book, const lobench_mbo &record) {
        const uint32_t side = side_number(record.side);
        if (!checked(record, side)) return;
        if constexpr (TRACKED) ++book.counting.modifies;
        const Found found = store.find(book, record.order_id);
        if (__builtin_expect(!found.slot, 0)) {
            ++anomalies[MODIFY_UNKNOWN_ORDER];
            return create(book, side, record);
        }
        Order &order = store.orders[found.slot];
        if (__builtin_expect(store.side_of(book, order) != side, 0)) {
            remove(book, found);
            return create(book, side, record);
        }
        Place place = store.level_at(book, side, record.price);
        if (place.level != order.level) {
            lost(book, side, order, order.size);
            changed(book, side, {order.level, bool(order.far)});
            store.leave(book, side, found.slot);
            place = store.place(book, side, record.price);
            order.level = place.level;
            order.far = place.outside;
            order.size = record.size;
            order.arrival = uint32_t(book.n);
            store.join(book, side, record.price, found.slot);
            changed(book, side, place);
        } else if (record.size > order.size) {
            lost(book, side, order, order.size);
            store.level(place.level).size += record.size - order.size;
            order.size = record.size;
            order.arrival = uint32_t(book.n);
            store.to_tail(found.slot);
            changed(book, side, place);
        } else {
            reduce(book, side, order, order.size - record.size);
        }
    }

  private:
    Store &store;
    uint64_t *anomalies;

    bool checked(const lobench_mbo &record, uint32_t side) {
        if (__builtin_expect(side != NO_SIDE && record.price != LOBENCH_UNDEF_PRICE && record.size != 0, 1)) return true;
        ++anomalies[side == NO_SIDE                         ? INVALID_SIDE
                    : record.price == LOBENCH_UNDEF_PRICE ? UNDEFINED_PRICE
                                                          : ZERO_SIZE];
        return false;
    }

    void top_of_book(Book &book, const lobench_mbo &record) {
        const uint32_t side = side_number(record.side);
        if (side == NO_SIDE) {
            ++anomalies[INVALID_SIDE];
            return;
        }
        const bool empties = record.price == LOBENCH_UNDEF_PRICE;
        if (!empties && record.size == 0) {
            ++anomalies[ZERO_SIZE];
            return;
        }
        clear(book, side);
        if (empties) return;
        const Place place = store.place(book, side, record.price);
        store.level(place.level).size = record.size;
        store.appeared(book, side, record.price, place);
        if constexpr (TRACKED) {
            ++book.counting.adds;
            book.counting.added_size += record.size;
        }
    }

    void trade(Book &book, const lobench_mbo &record) {
        if (record.price == LOBENCH_UNDEF_PRICE) {
            ++anomalies[TRADE_UNDEFINED_PRICE];
            return;
        }
        if constexpr (TRACKED) {
            Averages &of = book.averages;
            const uint32_t side = side_number(record.side);
            const double size = side == BID ? double(record.size) : side == ASK ? -double(record.size) : 0.0;
            const double price = double(record.price);
            const double bid = book.best_level[BID] ? double(book.best_price[BID]) : UNDEFINED;
            const double ask = book.best_level[ASK] ? double(book.best_price[ASK]) : UNDEFINED;
            of.trade_flow = ema(of.trade_flow, size);
            of.trade_price = price / 1e9;
            of.spread_effective = std::fabs(2.0 * price - (bid + ask)) / 1e9;
            book.instrument->trade(record.price);
        }
    }

    void clear(Book &book, uint32_t side) {
        store.clear(book, side);
        if constexpr (TRACKED) {
            book.changed |= 1u << side;
            // A hypothetical order joins again, even if the new price is the same.
            book.queue_price[side] = NO_PRICE;
        }
    }

    void create(Book &book, uint32_t side, const lobench_mbo &record) {
        const Place place = store.place(book, side, record.price);
        const uint32_t slot = store.make(book, record.order_id, record.size, place);
        if constexpr (TRACKED) store.orders[slot].birth = store.orders[slot].arrival = uint32_t(book.n);
        store.join(book, side, record.price, slot);
        changed(book, side, place);
    }

    void remove(Book &book, Found found) {
        Order &order = store.orders[found.slot];
        const uint32_t side = store.side_of(book, order);
        lost(book, side, order, order.size);
        changed(book, side, {order.level, bool(order.far)});
        store.leave(book, side, found.slot);
        store.orders.erase(found);
    }

    void reduce(Book &book, uint32_t side, Order &order, uint32_t size) {
        lost(book, side, order, size);
        changed(book, side, {order.level, bool(order.far)});
        store.level(order.level).size -= size;
        order.size -= size;
    }

    void follow_queue(Book &book, uint32_t side) {
        if (book.best_price[side] == book.queue_price[side]) return;
        book.queue_price[side] = book.best_price[side];
        book.queue_ahead[side] = int64_t(store.level(book.best_level[side]).size);
        book.queue_joined[side] = uint32_t(book.n);
    }

    __attribute__((noinline)) void close_window(Book &book) {
        const Counting &counted = book.counting;
        book.averages.window_adds = double(counted.adds);
        book.averages.window_modification_rate = double(counted.modifies) / 100;
        book.averages.window_cancellation =
            counted.added_size ? double(counted.cancelled_size) / double(counted.added_size) : UNDEFINED;
        book.counting = Counting();
    }
};

}  // namespace limit
