// The five best levels of both sides, as doubles.
#pragma once

#include "store.h"

namespace limit {

constexpr int DEPTH = 5;

// Bid and ask of a depth lie side by side: what is computed of both is one vector.
struct alignas(32) Top {
    double price[2 * DEPTH + 2], size[2 * DEPTH + 2];
};

// One level after the other. Returns the last cell that the best five reach to, or what lets every level count.
__attribute__((noinline)) inline uint32_t slow_top(Store &store, const Book &book, uint32_t side, Top &top) {
    Walk levels = store.walk(book, side);
    bool near = true;
    for (int depth = 0; depth < DEPTH; ++depth) {
        const bool there = levels.next();
        near = near && there && !levels.outside;
        top.price[2 * depth + side] = there ? double(levels.price) : UNDEFINED;
        top.size[2 * depth + side] = there ? double(int64_t(store.level(levels.level).size)) : 0.0;
    }
    return near ? levels.level : side == BID ? 0 : ~0u;
}

// Of the 64 steps from the best level on, five bits say where the best five are.
template <uint32_t SIDE> inline uint32_t top_of(Store &store, const Book &book, Top &top) {
    const Window &window = book.window;
    const uint32_t first = window.first[SIDE], step = book.best_level[SIDE] - first;
    if (step >= window.width) return slow_top(store, book, SIDE, top);
    const uint64_t *words = store.bits.data() + window.bits[SIDE];
    const uint32_t word = step / 64, place = step % 64;
    uint64_t view;
    if constexpr (SIDE == BID)
        view = words[word] << (63 - place) | (word ? words[word - 1] >> 1 >> place : 0);
    else
        view = words[word] >> place | (word + 1 < window.words() ? words[word + 1] << 1 << (63 - place) : 0);
    const Cell *cells = &store.cells[first];
    uint32_t at = step;
    for (int depth = 0; depth < DEPTH; ++depth) {
        if (!view) return slow_top(store, book, SIDE, top);
        if constexpr (SIDE == BID) {
            const uint32_t down = uint32_t(__builtin_clzll(view));
            view &= ~(uint64_t(1) << 63 >> down);
            at = step - down;
        } else {
            at = step + uint32_t(__builtin_ctzll(view));
            view &= view - 1;
        }
        top.price[2 * depth + SIDE] = double(window.base + int64_t(at * window.tick));
        top.size[2 * depth + SIDE] = double(int64_t(cells[at].level.size));
    }
    if (book.far && !book.far->side[SIDE].empty()) {
        const FarLevels &far = book.far->side[SIDE];
        const int64_t best = SIDE == BID ? std::prev(far.end())->first : far.begin()->first;
        if (better(SIDE, best, window.base + int64_t(at * window.tick))) return slow_top(store, book, SIDE, top);
    }
    return first + at;
}

}  // namespace limit
