// Price levels: a window of neighbouring prices for each book, and a map for the prices outside it.
//
// The window holds a level for each tick in [base, base + width * tick), bids and asks separately, best price first:
// bids are stored in reverse, so that searches for good levels are the same for both sides. The position of a price
// takes one multiplication: the difference from the base times the tick's inverse modulo 2^64, which is a small
// number exactly if the price lies in the window and on a tick (Granlund and Montgomery 1994, "exact division"). A bit
// for each level in use, and a bit for each word of these, find the next best price.
//
//     cells   [ bids: width levels ][ asks: width levels ]      bits   [ bids ][ asks ][ words of bids ][ of asks ]
//
// Any other price (far away, or between two ticks) has a separate level: two cells, the level and its card, found in
// an ordered map. rebuild in rare.h moves levels between the two.
#pragma once

#include <map>

#include "lobench_engine.h"
#include "memory.h"

namespace limit {

enum SideNumber : uint32_t { BID = 0, ASK = 1, NO_SIDE = 2 };

struct Level {
    uint64_t size;  // of all orders and top-of-book records; 0: no such level
    uint32_t head, tail;
};

// The owner of a level outside the window.
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
    uint32_t first[2] = {};    // cells of the best bid and ask that the window can hold
    uint32_t bits[2] = {};     // their words of bits,
    uint32_t summary[2] = {};  // and of bits for these words

    // Steps from the base; `width` or more for a price outside the window.
    uint64_t steps(int64_t price) const {
        uint64_t product = (uint64_t(price) - uint64_t(base)) * inverse;
        return product >> (places & 63) | product << (-places & 63);
    }
    bool holds(uint32_t level) const { return level - first[BID] < 2 * width; }
    uint32_t side_of(uint32_t level) const { return level - first[BID] >= width; }
    // Number of the level, counted from the best, at `steps` from the base; and the reverse.
    uint32_t number(uint32_t side, uint64_t steps) const { return uint32_t(steps) ^ (side == BID ? width - 1 : 0); }
    int64_t price(uint32_t side, uint32_t number) const {
        return base + int64_t((number ^ (side == BID ? width - 1 : 0)) * tick);
    }
    uint32_t number_of(uint32_t level) const { return (level - first[BID]) & (width - 1); }
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

    void set(uint64_t *all, uint32_t side, uint32_t number) const {
        all[bits[side] + number / 64] |= uint64_t(1) << number % 64;
        all[summary[side] + number / 4096] |= uint64_t(1) << number / 64 % 64;
    }
    void clear(uint64_t *all, uint32_t side, uint32_t number) const {
        uint64_t &word = all[bits[side] + number / 64];
        word &= ~(uint64_t(1) << number % 64);
        if (!word) all[summary[side] + number / 4096] &= ~(uint64_t(1) << number / 64 % 64);
    }

    // The best level in use from number `at` on, -1 if there is none.
    int64_t best_from(const uint64_t *all, uint32_t side, uint32_t number) const {
        if (number >= width) return -1;
        const uint64_t *in_use = all + bits[side];
        uint32_t word = number / 64;
        uint64_t found = in_use[word] & ~uint64_t(0) << number % 64;
        if (!found) {
            const uint64_t *in_use_words = all + summary[side];
            uint32_t at = word / 64;
            uint64_t words_found = word % 64 == 63 ? 0 : in_use_words[at] & ~uint64_t(0) << (word % 64 + 1);
            while (!words_found && ++at < summary_words()) words_found = in_use_words[at];
            if (!words_found) return -1;
            word = at * 64 + uint32_t(__builtin_ctzll(words_found));
            found = in_use[word];
        }
        return word * 64 + uint32_t(__builtin_ctzll(found));
    }
};

inline bool better(uint32_t side, int64_t a, int64_t b) { return side == BID ? a > b : a < b; }

// The levels of a side, best first.
class Walk {
  public:
    Walk(const Window &window, const uint64_t *bits, uint32_t side, const FarLevels *far)
        : window(window), bits(bits), side(side), far(far), number(window.best_from(bits, side, 0)) {
        if (far && !far->empty()) {
            left = far->size();
            place = side == BID ? std::prev(far->end()) : far->begin();
        }
    }
    // False at the end; otherwise `price` and `level` are the next.
    bool next() {
        const bool in_window = number >= 0;
        if (!in_window && !left) return false;
        int64_t near = in_window ? window.price(side, uint32_t(number)) : 0;
        if (in_window && (!left || better(side, near, place->first))) {
            price = near;
            level = window.first[side] + uint32_t(number);
            outside = false;
            number = window.best_from(bits, side, uint32_t(number) + 1);
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
    int64_t number;
    size_t left = 0;
    FarLevels::const_iterator place;
};

}  // namespace limit
