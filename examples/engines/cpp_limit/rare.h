// Rare operations of a store: prices outside a window, a new choice of window, a larger table of orders.
#pragma once

#include "store.h"

namespace limit {

__attribute__((noinline)) inline Place Store::far_level_at(const Book &book, uint32_t side, int64_t price) {
    if (!book.far || side == NO_SIDE) return {NO_LEVEL, true};
    auto found = book.far->side[side].find(price);
    return {found == book.far->side[side].end() ? NO_LEVEL : found->second, true};
}

__attribute__((noinline)) inline Place Store::far_place(Book &book, uint32_t side, int64_t price) {
    if (!book.far) book.far = std::make_unique<Far>();
    Far &far = *book.far;
    auto found = far.side[side].find(price);
    if (found != far.side[side].end()) return {found->second, true};
    if (++far.misses > far.patience) {
        rebuild(book, price);
        if (book.window.steps(price) < book.window.width) return place(book, side, price);
    }
    const uint32_t at = cells.take(1);
    cells[at + 1].card = {price, book.number, side};
    far.side[side].emplace(price, at);
    return {at, true};
}

// Sets the level of all orders in the queues. Eight queues are walked at a time, because each step waits for memory.
// Returns the number of orders.
inline size_t Store::relabel(std::vector<Queue> &queues) {
    constexpr size_t TOGETHER = 8;
    size_t open = std::min(TOGETHER, queues.size()), next = open, orders_met = 0;
    while (open)
        for (size_t i = 0; i < open;) {
            Queue &queue = queues[i];
            if (!queue.slot) {  // at its end: replace it with another
                queue = next < queues.size() ? queues[next++] : queues[--open];
                continue;
            }
            Order &order = orders[queue.slot];
            order.level = queue.place.level;
            order.far = queue.place.outside;
            queue.slot = order.next;
            __builtin_prefetch(&orders[order.next], 1);
            ++orders_met;
            ++i;
        }
    return orders_met;
}

inline unsigned log_words(const Window &window) { return 32 - unsigned(__builtin_clz(window.all_words() - 1)); }

// A new window for the prices in use and `price`. Its cost is amortized over the misses that must come before the next:
// every operation on a book is O(log n).
__attribute__((noinline)) inline void Store::rebuild(Book &book, int64_t price) {
    struct Moved {
        int64_t price;
        uint32_t side, level;
        bool outside;
    };
    std::vector<Moved> levels;
    std::vector<int64_t> prices = {price};
    for (uint32_t side : {BID, ASK})
        for (Walk walked = walk(book, side); walked.next();) {
            levels.push_back({walked.price, side, walked.level, walked.outside});
            prices.push_back(walked.price);
        }
    std::sort(prices.begin(), prices.end());
    prices.erase(std::unique(prices.begin(), prices.end()), prices.end());
    const int64_t center = book.best_level[BID]   ? book.best_price[BID]
                           : book.best_level[ASK] ? book.best_price[ASK]
                                                  : price;
    const Window old = book.window;
    // A window that was too small becomes much larger, because every resting order must be updated.
    Window window = choose_window(prices, center, old.width ? 8 : 2);
    if (window.width) {
        window.lie_at(cells.take(unsigned(__builtin_ctz(window.width)) + 1), bits.take(log_words(window)));
    }
    Far &far = *book.far;
    const size_t far_before = far.side[BID].size() + far.side[ASK].size();
    far.side[BID].clear();
    far.side[ASK].clear();
    size_t work = 2 * levels.size() + window.width / 8;
    std::vector<Queue> queues;
    for (const Moved &from : levels) {
        const uint64_t step = window.steps(from.price);
        const bool outside = step >= window.width;
        uint32_t to = from.level;
        if (outside) {
            if (!from.outside) {
                to = cells.take(1);
                cells[to + 1].card = {from.price, book.number, from.side};
            }
            far.side[from.side].emplace(from.price, to);
        } else {
            const uint32_t number = window.number(from.side, step);
            to = window.first[from.side] + number;
            window.set(bits.data(), from.side, number);
        }
        if (to == from.level) continue;
        level(to) = level(from.level);
        if (from.outside)
            give_far(from.level);
        else
            level(from.level) = {};
        queues.push_back({level(to).head, {to, outside}});
        if (book.best_level[from.side] == from.level) book.best_level[from.side] = to;
    }
    work += relabel(queues);
    if (old.width) {
        for (uint32_t word = 0; word < old.all_words(); ++word) bits[old.bits[BID] + word] = 0;
        bits.give(old.bits[BID], log_words(old));
        cells.give(old.first[BID], unsigned(__builtin_ctz(old.width)) + 1);
    }
    book.window = window;
    book.edge[BID] = book.edge[ASK] = ~0u;
    book.changed = 3;
    ++changes;
    // If a new choice does not help, the next comes later and later.
    const size_t far_now = far.side[BID].size() + far.side[ASK].size();
    const bool helped = 2 * far_now <= far_before;
    far.patience = std::max<uint64_t>(32 + work / 16, helped ? 0 : 2 * far.patience);
    far.misses = 0;
}

// Moves all orders into a table of another size, or spreads them. They are found through their books' queues, in order.
__attribute__((noinline)) inline void Store::refill(uint64_t capacity, bool spread) {
    struct Ends {
        uint32_t level, head, tail;
    };
    for (;; spread ? capacity *= 2 : spread = true) {
        Table filled(0);
        filled.fill_anew(capacity, spread, false);
        std::vector<Ends> queues;
        bool fits = true;
        for (Book *book : books) {
            for (uint32_t side : {BID, ASK})
                for (Walk levels = walk(*book, side); fits && levels.next();) {
                    uint32_t head = 0, tail = 0;
                    for (uint32_t from = level(levels.level).head; from && fits; from = orders[from].next) {
                        const Order &order = orders[from];
                        const uint32_t slot = filled.insert(filled.home(order.id, book->key));
                        if (!slot) {
                            fits = false;
                            break;
                        }
                        Order &copy = filled[slot];
                        const uint32_t reach = copy.reach;
                        copy = order;
                        copy.reach = reach;
                        copy.prev = tail;
                        copy.next = 0;
                        filled[tail].next = slot;
                        head = head ? head : slot;
                        tail = slot;
                    }
                    queues.push_back({levels.level, head, tail});
                }
        }
        if (!fits) continue;
        for (const Ends &queue : queues) {
            level(queue.level).head = queue.head;
            level(queue.level).tail = queue.tail;
        }
        orders = std::move(filled);
        ++changes;
        return;
    }
}

}  // namespace limit
