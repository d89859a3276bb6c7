// Stores the orders and levels of all books, and changes queues, levels and windows. It knows nothing about records.
#pragma once

#include "book.h"
#include "choose.h"
#include "table.h"

namespace limit {

struct Place {
    uint32_t level;  // NO_LEVEL: there is none
    bool outside;    // of the window
};

class Store {
  public:
    // `orders`, `instruments`: expected numbers; 0: unknown.
    Store(uint64_t orders, uint64_t instruments)
        : orders(orders),
          cells(std::min<uint64_t>(2 * orders + 3 * LEAST_WIDTH * instruments, 1 << 22), orders > 0),
          bits(16 * instruments) {}

    Table orders;
    Cells cells;
    Bits bits;
    std::vector<Book *> books;
    uint32_t changes = 0;  // of orders' homes and books' windows

    Level &level(uint32_t at) { return cells[at].level; }

    Walk walk(const Book &book, uint32_t side) {
        return Walk(book.window, bits.data(), side, book.far_levels(side));
    }

    // The level of a price, existing or not.
    Place level_at(const Book &book, uint32_t side, int64_t price) {
        const Window &window = book.window;
        const uint64_t step = window.steps(price);
        if (__builtin_expect(step < window.width && side != NO_SIDE, 1)) return {window.first[side] + window.number(side, step), false};
        return far_level_at(book, side, price);
    }

    // The same, created if necessary.
    Place place(Book &book, uint32_t side, int64_t price) {
        const Window &window = book.window;
        const uint64_t step = window.steps(price);
        if (__builtin_expect(step < window.width, 1)) return {window.first[side] + window.number(side, step), false};
        return far_place(book, side, price);
    }

    // The side of this book's level that an order rests in, NO_SIDE if it rests in another book.
    uint32_t side_of(const Book &book, const Order &order) {
        if (__builtin_expect(order.far, 0)) {
            const Card &card = cells[order.level + 1].card;
            return card.book == book.number ? card.side : uint32_t(NO_SIDE);
        }
        return book.window.holds(order.level) ? book.window.side_of(order.level) : uint32_t(NO_SIDE);
    }

    Found find(const Book &book, uint64_t id) {
        return orders.find(id, orders.home(id, book.key),
                           [&](const Order &order) { return side_of(book, order) != NO_SIDE; });
    }

    // A new order's slot, not in a queue yet.
    uint32_t make(Book &book, uint64_t id, uint32_t size, Place place) {
        if (__builtin_expect(orders.full(), 0)) refill(2 * orders.capacity(), orders.is_spread());
        uint32_t slot;
        while (__builtin_expect(!(slot = orders.insert(orders.home(id, book.key))), 0))
            refill(orders.is_spread() ? 2 * orders.capacity() : orders.capacity(), true);
        Order &order = orders[slot];
        order.id = id;
        order.size = size;
        order.level = place.level;
        order.far = place.outside;
        return slot;
    }

    // To the tail of its level's queue.
    void join(Book &book, uint32_t side, int64_t price, uint32_t slot) {
        Order &order = orders[slot];
        Level &at = level(order.level);
        append(at, order, slot);
        const bool appears = at.size == 0;
        at.size += order.size;
        if (appears) appeared(book, side, price, {order.level, bool(order.far)});
    }

    void leave(Book &book, uint32_t side, uint32_t slot) {
        Order &order = orders[slot];
        Level &at = level(order.level);
        unlink(at, order);
        at.size -= order.size;
        if (at.size == 0) vanished(book, side, {order.level, bool(order.far)});
    }

    void to_tail(uint32_t slot) {
        Order &order = orders[slot];
        Level &at = level(order.level);
        unlink(at, order);
        append(at, order, slot);
    }

    // Only the queue. Slot 0 absorbs writes to missing neighbours.
    void append(Level &at, Order &order, uint32_t slot) {
        order.next = 0;
        order.prev = at.tail;
        orders[at.tail].next = slot;
        at.head = at.tail ? at.head : slot;
        at.tail = slot;
    }
    void unlink(Level &at, const Order &order) {
        orders[order.prev].next = order.next;
        orders[order.next].prev = order.prev;
        at.head = order.prev ? at.head : order.next;
        at.tail = order.next ? at.tail : order.prev;
    }

    void appeared(Book &book, uint32_t side, int64_t price, Place at) {
        if (!at.outside) book.window.set(bits.data(), side, book.window.number_of(at.level));
        if (!book.best_level[side] || better(side, price, book.best_price[side])) {
            book.best_level[side] = at.level;
            book.best_price[side] = price;
        }
    }

    // Empties a side.
    void clear(Book &book, uint32_t side) {
        // Levels go one by one; the walk stays ahead of the removals.
        for (Walk levels = walk(book, side); levels.next();) {
            Level &at = level(levels.level);
            for (uint32_t slot = at.head; slot; slot = orders[slot].next) orders.erase_quickly(slot);
            at = {};
            const Place place = {levels.level, levels.outside};
            if (place.outside)
                give_far(place.level);
            else
                book.window.clear(bits.data(), side, book.window.number_of(place.level));
        }
        if (book.far) book.far->side[side].clear();
        book.best_level[side] = NO_LEVEL;
        book.best_price[side] = NO_PRICE;
    }

    // The best level at or after number `from` of the window, which has none better.
    void find_best(Book &book, uint32_t side, uint32_t from) {
        const Window &window = book.window;
        const int64_t best_near = window.best_from(bits.data(), side, from);
        book.best_level[side] = best_near < 0 ? NO_LEVEL : window.first[side] + uint32_t(best_near);
        book.best_price[side] = best_near < 0 ? NO_PRICE : window.price(side, uint32_t(best_near));
        if (!book.far || book.far->side[side].empty()) return;
        const FarLevels &far = book.far->side[side];
        const auto best = side == BID ? std::prev(far.end()) : far.begin();
        if (best_near < 0 || better(side, best->first, book.best_price[side])) {
            book.best_price[side] = best->first;
            book.best_level[side] = best->second;
        }
    }

  private:
    void vanished(Book &book, uint32_t side, Place at) {
        uint32_t number = 0;
        if (__builtin_expect(at.outside, 0)) {
            book.far->side[side].erase(cells[at.level + 1].card.price);
            give_far(at.level);
        } else {
            number = book.window.number_of(at.level);
            book.window.clear(bits.data(), side, number);
        }
        if (at.level == book.best_level[side]) find_best(book, side, number);
    }

    void give_far(uint32_t at) {
        cells[at] = cells[at + 1] = {};
        cells.give(at, 1);
    }

    struct Queue {
        uint32_t slot;  // its next order
        Place place;
    };

    size_t relabel(std::vector<Queue> &queues);
    Place far_level_at(const Book &book, uint32_t side, int64_t price);
    Place far_place(Book &book, uint32_t side, int64_t price);
    void rebuild(Book &book, int64_t price);
    void refill(uint64_t capacity, bool spread);
};

}  // namespace limit

#include "rare.h"
