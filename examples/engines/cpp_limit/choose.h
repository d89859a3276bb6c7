// Chooses the prices of a book's window: tick, base and width, from the prices in use.
#pragma once

#include <algorithm>
#include <numeric>

#include "levels.h"

namespace limit {

constexpr uint32_t LEAST_WIDTH = 256;
constexpr uint32_t WIDE = 1u << 17, MOST_WIDTH = 1u << 21;  // where room gets scarce; and the maximum

// The largest step that divides the distances of most prices near number `middle` of a sorted list from it.
inline uint64_t tick_of(const std::vector<int64_t> &prices, size_t middle) {
    constexpr size_t SAMPLE = 24;
    const size_t first = middle > SAMPLE / 2 ? middle - SAMPLE / 2 : 0;
    const size_t last = std::min(first + SAMPLE, prices.size());
    const size_t wanted = (last - first) - (last - first) / 8;
    auto apart = [&](size_t i, size_t j) { return uint64_t(prices[i]) - uint64_t(prices[j]); };
    uint64_t common = 0;
    for (size_t i = first + 1; i < last; ++i) common = std::gcd(apart(i, i - 1), common);
    if (common && apart(last - 1, first) / common <= 64 * (last - first)) return common;
    // Some lie between steps.
    uint64_t tick = 1;
    auto consider = [&](uint64_t step) {
        if (step <= tick) return;
        size_t held = 0;
        for (size_t i = first; i < last; ++i)
            held += (i < middle ? apart(middle, i) : apart(i, middle)) % step == 0;
        if (held >= wanted) tick = step;
    };
    for (size_t i = first + 1; i < last; ++i) {
        consider(apart(i, i - 1));
        if (i + 1 < last) consider(std::gcd(apart(i, i - 1), apart(i + 1, i)));
    }
    return tick;
}

// A window, without cells, for sorted distinct prices; `center`: the price it must hold; `room`: its width, a multiple
// of the steps in use, up to a few thousand.
inline Window choose_window(const std::vector<int64_t> &prices, int64_t center, uint32_t room) {
    const size_t middle = std::lower_bound(prices.begin(), prices.end(), center) - prices.begin();
    Window window;
    window.tick = tick_of(prices, middle);
    // Outwards from the center, while levels are not much sparser than 1 in 16 steps.
    auto reach = [&](int direction) {
        uint64_t farthest = 0, levels = 1;
        for (size_t i = middle + direction; i < prices.size(); i += direction, ++levels) {
            uint64_t apart = direction > 0 ? uint64_t(prices[i]) - uint64_t(center) : uint64_t(center) - uint64_t(prices[i]);
            apart /= window.tick;
            if (apart > 64 + 16 * levels || apart > MOST_WIDTH / 4) break;
            farthest = apart;
        }
        return farthest;
    };
    const uint64_t down = reach(-1), up = reach(1);
    window.width = LEAST_WIDTH;
    while (window.width < (window.width < WIDE ? room : 2) * (down + up + 1)) window.width *= 2;
    // The whole window lies within the legal prices, so steps keep their order.
    const __int128 tick = window.tick, spare = (window.width - (down + up + 1)) / 2;
    const __int128 span = tick * (window.width - 1), low = INT64_MIN, high = INT64_MAX - 1;
    while (span > high - low || tick * window.width > high) return Window();
    __int128 base = center - tick * (__int128(down) + spare);
    while (base < low) base += tick;
    while (base + span > high) base -= tick;
    window.base = int64_t(base);
    window.places = uint32_t(__builtin_ctzll(window.tick));
    const uint64_t odd = window.tick >> window.places;
    uint64_t inverse = odd;  // correct in its lowest three bits; each iteration doubles them (Newton)
    for (int turn = 0; turn < 5; ++turn) inverse *= 2 - odd * inverse;
    window.inverse = inverse;
    return window;
}

}  // namespace limit
