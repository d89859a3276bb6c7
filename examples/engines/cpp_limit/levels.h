// Price levels: a window of neighbouring prices for each book, and a map for the prices outside it.
//
// The window holds a level for each step of the price in [base, base + width * tick), bids and asks apart. Where a
// price lies is one multiplication: the difference from the base times the tick's inverse modulo 2^64, which is a small
// number just when the price lies in the window and on a step (Granlund and Montgomery 1994, "exact division"). A bit
// for each level in use, and a bit for each word of these, find the next best price.
//
//     cells   [ bids: width levels ][ asks: width levels ]      bits   [ bids ][ asks ][ words of bids ][ of asks ]
//
// Any other price (far away, or between two steps) has a level of its own: two cells, the level and its card, found by
// an ordered map. window.cpp's rebuild moves levels between both.
#pragma once

#include <map>

#include "lobench_engine.h"
#include "memory.h"

namespace limit {

enum SideNumber : uint32_t { BID = 0, ASK = 1, NO_SIDE = 2 };

struct Level {
    uint64_t size;  // of all orders and of top-of-book records; 0: no such level
    uint32_t head, tail;
};

// Whose level a level outside the window is.
struct Card {
    int64_t price;
    uint32_t book, side;
};

union Cell {
    Level level;
    Card card;
};
static_assert(sizeof(Cell) == 16, "four levels in a line");

using Cells = Blocks<Cell, 27>;
using Bits = Blocks<uint64_t, 27>;
using FarLevels = std::map<int64_t, uint32_t>;

constexpr uint32_t NO_LEVEL = 0;

struct Window {
    int64_t base = 0;
    uint64_t inverse = 1;  // of the tick's odd part
    uint64_t tick = 1;
    uint32_t width = 0;        // levels of a side, a power of two of at least 64; 0: no window yet
    uint32_t places = 0;       // the tick is odd << places
    uint32_t first[2] = {};    // cells of the lowest bid and ask
    uint32_t bits[2] = {};     // their words of bits,
    uint32_t summary[2] = {};  // and of bits for these words

    // Steps from the base, `width` or more for a price that is not in the window.
    uint64_t steps(int64_t price) const {
        uint64_t product = (uint64_t(price) - uint64_t(base)) * inverse;
        return product >> (places & 63) | product << (-places & 63);
    }
    bool holds(uint32_t level) const { return level - first[BID] < 2 * width; }
    uint32_t side_of(uint32_t level) const { return level - first[BID] >= width; }
    int64_t price(uint32_t level) const {
        return base + int64_t(step_of(level) * tick);
    }
    uint32_t step_of(uint32_t level) const { return (level - first[BID]) & (width - 1); }
    uint32_t words() const { return width / 64; }
    uint32_t summary_words() const { return (words() + 63) / 64; }
    uint32_t all_words() const { return 2 * words() + 2 * summary_words(); }

    void lie_at(uint32_t cells, uint32_t words_from) {
        first[BID] = cells;
        first[ASK] = cells + width;
        bits[BID] = words_from;
        bits[ASK] = words_from + words();
        summary[BID] = words_from + 2 * words();
        summary[ASK] = summary[BID] + summary_words();
    }

    void set(uint64_t *all, uint32_t side, uint32_t step) const {
        all[bits[side] + step / 64] |= uint64_t(1) << step % 64;
        all[summary[side] + step / 4096] |= uint64_t(1) << step / 64 % 64;
    }
    void clear(uint64_t *all, uint32_t side, uint32_t step) const {
        uint64_t &word = all[bits[side] + step / 64];
        word &= ~(uint64_t(1) << step % 64);
        if (!word) all[summary[side] + step / 4096] &= ~(uint64_t(1) << step / 64 % 64);
    }

    // The level in use that is next below `step` (bids) or from it on (asks), -1 if there is none.
    int64_t below(const uint64_t *all, uint32_t side, uint64_t step) const {
        const uint64_t *in_use = all + bits[side];
        uint64_t word = step / 64;
        uint64_t rest = step % 64 ? in_use[word] & ~(~uint64_t(0) << step % 64) : 0;
        if (!rest) {
            const uint64_t *in_use_words = all + summary[side];
            uint64_t at = word / 64;
            uint64_t found = word % 64 ? in_use_words[at] & ~(~uint64_t(0) << word % 64) : 0;
            while (!found && at) found = in_use_words[--at];
            if (!found) return -1;
            word = at * 64 + 63 - __builtin_clzll(found);
            rest = in_use[word];
        }
        return int64_t(word * 64 + 63 - __builtin_clzll(rest));
    }
    int64_t from(const uint64_t *all, uint32_t side, uint64_t step) const {
        if (step >= width) return -1;
        const uint64_t *in_use = all + bits[side];
        uint64_t word = step / 64;
        uint64_t rest = in_use[word] & ~uint64_t(0) << step % 64;
        if (!rest) {
            const uint64_t *in_use_words = all + summary[side];
            uint64_t at = word / 64;
            uint64_t found = word % 64 == 63 ? 0 : in_use_words[at] & ~uint64_t(0) << (word % 64 + 1);
            while (!found && ++at < summary_words()) found = in_use_words[at];
            if (!found) return -1;
            word = at * 64 + __builtin_ctzll(found);
            rest = in_use[word];
        }
        return int64_t(word * 64 + __builtin_ctzll(rest));
    }
    // The next worse level of a side after `step`; from its best on with `worse(all, side, -1)`.
    int64_t worse(const uint64_t *all, uint32_t side, int64_t step) const {
        if (!width) return -1;
        return side == BID ? below(all, side, step < 0 ? width : uint64_t(step)) : from(all, side, uint64_t(step + 1));
    }
};

inline bool better(uint32_t side, int64_t a, int64_t b) { return side == BID ? a > b : a < b; }

// The levels of a side, best first.
class Walk {
  public:
    Walk(const Window &window, const uint64_t *bits, uint32_t side, const FarLevels *far)
        : window(window), bits(bits), side(side), far(far), step(window.worse(bits, side, -1)) {
        if (far && !far->empty()) {
            left = far->size();
            place = side == BID ? std::prev(far->end()) : far->begin();
        }
    }
    // False at the end; otherwise `price` and `level` are the next.
    bool next() {
        const bool in_window = step >= 0;
        if (!in_window && !left) return false;
        int64_t near = in_window ? window.base + step * int64_t(window.tick) : 0;
        if (in_window && (!left || better(side, near, place->first))) {
            price = near;
            level = window.first[side] + uint32_t(step);
            outside = false;
            step = window.worse(bits, side, step);
        } else {
            price = place->first;
            level = place->second;
            outside = true;
            if (--left) side == BID ? --place : ++place;
        }
        return true;
    }
    int64_t price = 0;
    uint32_t level = NO_LEVEL;
    bool outside = false;

  private:
    const Window &window;
    const uint64_t *bits;
    uint32_t side;
    const FarLevels *far;
    int64_t step;
    size_t left = 0;
    FarLevels::const_iterator place;
};

}  // namespace limit
