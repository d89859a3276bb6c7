// The orders of all books: one hash table whose slots are the orders themselves.
//
// An order never moves while the table keeps its size, so queues link orders by slot number. A search for a free slot
// starts at the id's home. Because nothing moves when an order goes, searches cannot stop at a free slot, and tombstones
// would fill the table. Instead, the home slot stores the greatest distance of an order of that home (`reach`, nearly
// always 0): an unknown id costs one cache line, like a known one.
//
// Consecutive ids lie side by side: feeds number orders by arrival, so new orders go to cache lines that are already
// loaded, and collide only with old ones. Ids belong to a publisher; if many books use the same ids, or ids are chosen
// to collide, searches become long, and the table is refilled with ids and books mixed well (`spread`). One slot in
// eight is in use: with one in four, records that miss their home cost more than the fewer lines save.
#pragma once

#include "memory.h"

namespace limit {

constexpr uint64_t GOLDEN = 0x9E3779B97F4A7C15;

struct Order {
    uint64_t id;
    uint32_t size;
    uint32_t level : 27;  // index of its level; 0: the slot is free
    uint32_t far : 1;     // that level lies outside the book's window
    uint32_t reach : 4;   // of the home, not of this order: greatest distance, in slots, of this home's orders
    uint32_t next, prev;  // slots of its neighbours in the queue; 0: none
    uint32_t birth;       // the book's event number, modulo 2^32, that added it,
    uint32_t arrival;     // and at which it last joined a tail

    bool alone() const { return (level | reach) == 0; }  // free, and home of no order elsewhere
    void set_place(uint32_t window_level) {
        level = window_level;
        far = 0;
    }
};
static_assert(sizeof(Order) == 32, "two orders in a line");

struct Found {
    uint32_t slot;  // 0: no such order
    uint32_t home;
};

class Table {
  public:
    explicit Table(uint64_t expected) { fill_anew(SLOTS_AN_ORDER * expected, false, expected > 0); }

    Order &operator[](uint32_t slot) { return slots[slot]; }

    uint64_t live = 0;

    // Empties it, with at least `capacity` slots.
    void fill_anew(uint64_t capacity, bool spread_out, bool touched) {
        unsigned log_capacity = 12;
        while (uint64_t(1) << log_capacity < capacity) ++log_capacity;
        if (log_capacity > 31) throw std::bad_alloc();
        slots = Array<Order>(capacity_of(log_capacity) + FIRST + FARTHEST + 1, touched);
        shift = 64 - log_capacity;
        mask = capacity_of(log_capacity) - 1;
        most = capacity_of(log_capacity) / (4 * SLOTS_AN_ORDER) * 5;
        spread = spread_out;
        farthest = 0;
        live = 0;
    }

    bool full() const { return live >= most; }
    bool is_spread() const { return spread; }
    uint64_t capacity() const { return mask + 1; }

    // The home of an order of the book `key`.
    uint32_t home(uint64_t id, uint64_t key) const {
        if (__builtin_expect(spread, 0)) {
            uint64_t mixed = (id ^ key * GOLDEN) * GOLDEN;
            mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93;
            return FIRST + uint32_t(mixed >> shift);
        }
        return FIRST + uint32_t((id + uint16_t(key) * GOLDEN) & mask);
    }

    // The order of this id for which owned(order) holds.
    template <class Owned> Found find(uint64_t id, uint32_t home, Owned owned) {
        Order *at = &slots[home];
        uint32_t reach = at->reach;
        if (__builtin_expect(reach == MOST_REACH, 0)) reach = farthest;
        for (uint32_t step = 0;; ++step) {
            if (at[step].id == id && at[step].level && owned(at[step])) return {home + step, home};
            if (step == reach) return {0, home};
        }
    }

    // A free slot for an order of this home; 0 if the table should be refilled first.
    uint32_t insert(uint32_t home) {
        uint32_t step = 0;
        while (slots[home + step].level)
            if (++step > FARTHEST) return 0;
        if (step > slots[home].reach) {
            slots[home].reach = step < MOST_REACH ? step : MOST_REACH;
            if (step >= MOST_REACH && step > farthest) farthest = step;
        }
        ++live;
        return home + step;
    }

    void erase(Found order) {
        slots[order.slot].level = 0;
        --live;
        uint32_t step = order.slot - order.home;
        if (step && step < MOST_REACH && step == slots[order.home].reach) {
            // No order of this home is farther than the last slot in use.
            do --step;
            while (step && !slots[order.home + step].level);
            slots[order.home].reach = step;
        }
    }

    // For an order in its home slot, or one of thousands erased together, whose homes keep their reach: an upper bound.
    void erase_quickly(uint32_t slot) {
        slots[slot].level = 0;
        --live;
    }


  private:
    static constexpr uint64_t SLOTS_AN_ORDER = 8;
    static uint64_t capacity_of(unsigned log_capacity) { return uint64_t(1) << log_capacity; }
    static constexpr uint32_t FIRST = 2;  // slot 0 is "none"; pairs of ids start at a cache line
    static constexpr uint32_t MOST_REACH = 15;
    static constexpr uint32_t FARTHEST = 256;

    Array<Order> slots;
    uint32_t shift = 0, farthest = 0;
    bool spread = false;
    uint64_t most = 0, mask = 0;
};

}  // namespace limit
