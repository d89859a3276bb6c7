// The fast path of a regular record: its order is in its home slot, or that slot is free, and its price is in the
// window. Everything else goes to rules.h, which implements every rule. Both agree; this one checks less.
#pragma once

#include "rules.h"

#define ALWAYS_INLINE __attribute__((always_inline)) inline

namespace limit {

template <bool TRACKED> class Regular {
  public:
    Regular(Store &store, uint64_t *anomalies) : store(store), rules(store, anomalies) {}

    // `home`: of the record's id; `step`: of its price in the book's window.
    ALWAYS_INLINE void apply(Book &book, const lobench_mbo &record, uint32_t home, uint64_t step) {
        ++book.n;
        const uint32_t side = uint32_t('B') - uint8_t(record.side);  // BID or ASK; greater for any other
        if (record.action == 'A')
            add(book, record, side, home, step);
        else if (record.action == 'C')
            cancel(book, record, side, home, step);
        else if (record.action == 'M')
            modify(book, record, side, home, step);
        else
            rules.other(book, record);
        if constexpr (TRACKED) rules.follow(book);
    }

  private:
    Store &store;
    Rules<TRACKED> rules;

    ALWAYS_INLINE void add(Book &book, const lobench_mbo &record, uint32_t side, uint32_t slot, uint64_t step) {
        Order &order = store.orders[slot];
        const bool regular = side < NO_SIDE && step < book.window.width && record.size != 0 &&
                             !(record.flags & LOBENCH_F_TOB) && order.alone() && !store.orders.full();
        if (__builtin_expect(!regular, 0)) return rules.add(book, record);
        ++store.orders.live;
        order.id = record.order_id;
        order.size = record.size;
        if constexpr (TRACKED) {
            order.birth = order.arrival = uint32_t(book.n);
            ++book.counting.adds;
            book.counting.added_size += record.size;
        }
        join(book, side, record.price, book.window.number(side, step), slot, order);
    }

    ALWAYS_INLINE void cancel(Book &book, const lobench_mbo &record, uint32_t side, uint32_t slot, uint64_t step) {
        Order &order = store.orders[slot];
        const bool regular = side < NO_SIDE && step < book.window.width && order.id == record.order_id &&
                             order.level == book.window.first[side & 1] + book.window.number(side, step) && record.size <= order.size;
        if (__builtin_expect(!regular, 0)) return rules.cancel(book, record);
        Level &level = store.level(order.level);
        rules.changed(book, side, {order.level, false});
        rules.lost(book, side, order, record.size);
        if constexpr (TRACKED) book.counting.cancelled_size += record.size;
        if (record.size < order.size) {
            level.size -= record.size;
            order.size -= record.size;
            return;
        }
        if constexpr (TRACKED)
            book.averages.lifetime = ema(book.averages.lifetime, double(uint32_t(book.n) - order.birth));
        leave(book, side, level, order);
        store.orders.erase_quickly(slot);
    }

    ALWAYS_INLINE void modify(Book &book, const lobench_mbo &record, uint32_t side, uint32_t slot, uint64_t step) {
        Order &order = store.orders[slot];
        const Window &window = book.window;
        const uint32_t old_number = order.level - window.first[side & 1], number = window.number(side, step);
        const bool regular = side < NO_SIDE && step < window.width && record.size != 0 && order.id == record.order_id &&
                             old_number < window.width && order.level;
        if (__builtin_expect(!regular, 0)) return rules.modify(book, record);
        Level &level = store.level(order.level);
        rules.changed(book, side, {order.level, false});
        if constexpr (TRACKED) ++book.counting.modifies;
        if (number == old_number && record.size <= order.size) {
            rules.lost(book, side, order, order.size - record.size);
            level.size -= order.size - record.size;
            order.size = record.size;
            return;
        }
        rules.lost(book, side, order, order.size);
        if constexpr (TRACKED) order.arrival = uint32_t(book.n);
        if (number == old_number) {
            level.size += record.size - order.size;
            order.size = record.size;
            store.to_tail(slot);
            return;
        }
        leave(book, side, level, order);
        order.size = record.size;
        join(book, side, record.price, number, slot, order);
    }

    ALWAYS_INLINE void join(Book &book, uint32_t side, int64_t price, uint32_t number, uint32_t slot, Order &order) {
        const uint32_t at = book.window.first[side] + number;
        Level &level = store.level(at);
        order.set_place(at);
        rules.changed(book, side, {at, false});
        store.append(level, order, slot);
        const bool appears = level.size == 0;
        level.size += order.size;
        if (appears) {
            book.window.set(store.bits.data(), side, number);
            if (!book.best_level[side] || better(side, price, book.best_price[side])) {
                book.best_level[side] = at;
                book.best_price[side] = price;
            }
        }
    }

    ALWAYS_INLINE void leave(Book &book, uint32_t side, Level &level, const Order &order) {
        store.unlink(level, order);
        level.size -= order.size;
        if (level.size == 0) {
            const uint32_t number = order.level - book.window.first[side];
            book.window.clear(store.bits.data(), side, number);
            if (order.level == book.best_level[side]) store.find_best(book, side, number);
        }
    }
};

}  // namespace limit
