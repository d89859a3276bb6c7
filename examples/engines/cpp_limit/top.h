// The five best levels of a side, as doubles, kept in the book.
#pragma once

#include "store.h"

namespace limit {

constexpr uint32_t DEPTH = 5;

// Level by level. Returns the last cell of the best five, or a value that makes every level count.
__attribute__((noinline)) inline uint32_t slow_top(Store &store, Book &book, uint32_t side) {
    Walk levels = store.walk(book, side);
    double price[DEPTH], size[DEPTH];
    bool near = true;
    for (uint32_t depth = 0; depth < DEPTH; ++depth) {
        const bool there = levels.next();
        near = near && there && !levels.outside;
        price[depth] = there ? double(levels.price) : UNDEFINED;
        size[depth] = there ? double(int64_t(store.level(levels.level).size)) : 0.0;
    }
    book.price[side] = Four{price[0], price[1], price[2], price[3]};
    book.size[side] = Four{size[0], size[1], size[2], size[3]};
    book.fifth_price[side] = price[4];
    book.fifth_size[side] = size[4];
    return near ? levels.level : ~0u;
}

// Of the 64 levels from the best, five bits mark the best five.
inline uint32_t top_of(Store &store, Book &book, uint32_t side) {
    const Window &window = book.window;
    const uint32_t first = window.first[side], best = book.best_level[side] - first;
    if (__builtin_expect(best >= window.width, 0)) return slow_top(store, book, side);
    const uint64_t *words = store.bits.data() + window.bits[side] + best / 64;
    const uint32_t place = best % 64;
    const bool last = best / 64 + 1 == window.words();
    uint64_t view = words[0] >> place | (last ? 0 : words[1] << 1 << (63 - place));
    const Cell *cells = &store.cells[first];
    auto next = [&]() __attribute__((always_inline)) {
        const uint32_t at = best + uint32_t(__builtin_ctzll(view));
        view &= view - 1;
        return at;
    };
    auto price = [&](uint32_t at) __attribute__((always_inline)) { return double(window.price(side, at)); };
    auto size = [&](uint32_t at) __attribute__((always_inline)) { return double(int64_t(cells[at].level.size)); };
    if (__builtin_expect(__builtin_popcountll(view) < int(DEPTH), 0)) return slow_top(store, book, side);
    const uint32_t second = (next(), next()), third = next(), fourth = next(), fifth = next();
    if (book.far && !book.far->side[side].empty()) {
        const FarLevels &far = book.far->side[side];
        const int64_t outside = side == BID ? std::prev(far.end())->first : far.begin()->first;
        if (better(side, outside, window.price(side, fifth))) return slow_top(store, book, side);
    }
    book.price[side] = Four{double(book.best_price[side]), price(second), price(third), price(fourth)};
    book.size[side] = Four{size(best), size(second), size(third), size(fourth)};
    book.fifth_price[side] = price(fifth);
    book.fifth_size[side] = size(fifth);
    return first + fifth;
}

}  // namespace limit
