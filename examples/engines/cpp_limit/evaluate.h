// The 24 features, the 4 strategies and their accounts, and their part of the trace.
//
// Vectors of four doubles hold four features of a row, or four strategies; every operation is the one in
// docs/semantics.md, rounded separately. Features of the best five levels are computed only if one of these levels has
// changed since the book's last evaluation.
#pragma once

#include <cmath>

#include "top.h"

namespace limit {

typedef uint64_t FourWords __attribute__((vector_size(32)));

inline Two low(Four x) { return Two{x[0], x[1]}; }
inline Two high(Four x) { return Two{x[2], x[3]}; }
// Levels 1 and 3, and 2 and 4, of both sides: (bid, ask, bid, ask).
inline Four odd(const Four *x) { return __builtin_shuffle(x[BID], x[ASK], FourInts{0, 4, 2, 6}); }
inline Four even(const Four *x) { return __builtin_shuffle(x[BID], x[ASK], FourInts{1, 5, 3, 7}); }
inline Four both(Two a, Two b) { return Four{a[0], a[1], b[0], b[1]}; }
inline Four absolute(Four x) { return Four(FourInts(x) & INT64_MAX); }

// Features 0 to 13 except the effective spread (5), and the quotes, of the current book.
inline void compute_top(Store &store, Book &book) {
    // Mostly one iteration; the choice of side is not a branch.
    for (uint32_t left = book.changed; left; left &= left - 1) {
        const uint32_t side = uint32_t(__builtin_ctz(left));
        book.edge[side] = top_of(store, book, side);
    }
    book.changed = 0;
    const double b1 = book.price[BID][0], a1 = book.price[ASK][0], sum = b1 + a1, difference = a1 - b1;

    // Sizes of the first k levels, and of all weighted: (bid, ask).
    const Four odd_sizes = odd(book.size), even_sizes = even(book.size);
    const Two s1 = low(odd_sizes), s2 = low(even_sizes), s3 = high(odd_sizes), s4 = high(even_sizes),
              s5 = book.fifth_size;
    const Two k2 = s1 + s2, k3 = k2 + s3, k4 = k3 + s4, k5 = k4 + s5;
    const Two weighted = s1 + s2 * 0.5 + s3 * (1.0 / 3.0) + s4 * 0.25 + s5 * 0.2;
    // For an empty book, 0 / 0 gives the NaN that the imbalance must be.
    const Four bids = {k3[0], k4[0], k5[0], weighted[0]}, asks = {k3[1], k4[1], k5[1], weighted[1]};
    const Four imbalances = (bids - asks) / (bids + asks);
    const double total = s1[0] + s1[1], total2 = k2[0] + k2[1];
    const Four mixed = Four{b1 * s1[1] + a1 * s1[0], difference, s1[0] - s1[1], k2[0] - k2[1]} /
                       Four{total, sum * 0.5, total, total2};
    const Four row0 = Four{sum, mixed[0], difference, mixed[1]} / Four{2e9, 1e9, 1e9, 1.0};

    // Pressure of both sides, level by level.
    const double mid = sum * 0.5, half = std::fabs(difference) * 0.5;
    auto part = [&](Four size, Four price) {
        const Four share = size * half / (half + absolute(mid - price));
        return size > 0.0 ? share : Four{};
    };
    const Four shares[2] = {part(book.size[BID], book.price[BID]), part(book.size[ASK], book.price[ASK])};
    const Four fifth = part(both(s5, s5), both(book.fifth_price, book.fifth_price));
    const Four odd_shares = odd(shares), even_shares = even(shares);
    Two pressure = low(odd_shares) + low(even_shares) + high(odd_shares) + high(even_shares) + low(fifth);
    if (!(half > 0.0)) pressure = Two{UNDEFINED, UNDEFINED};

    book.row[0] = row0;
    book.row[1] = Four{10000.0 * row0[3], 0.0, mixed[2], mixed[3]};
    book.row[2] = imbalances;
    book.row[3] = both(pressure, Two{});
    book.quotes = Four{b1, s1[0], a1, s1[1]};
}

// Order flow since the previous evaluation, which had the quotes `last`.
inline double order_flow(Four last, Four now) {
    if (std::isunordered(now[0], last[0]) || std::isunordered(now[2], last[2])) return UNDEFINED;
    // bid >= its last, bid <= its last, ask <= its last, ask >= its last: no branches, as prices are hard to predict.
    const FourInts kept = Four{now[0], last[0], last[2], now[2]} >= Four{last[0], now[0], now[2], last[2]};
    const Four sizes = kept ? Four{now[1], last[1], now[3], last[3]} : Four{};
    return sizes[0] - sizes[1] - sizes[2] + sizes[3];
}

// The middle of the instrument's best prices; NaN if a side of all its books is empty.
inline double instrument_mid(const Book &book) {
    const std::vector<const Book *> &books = book.instrument->books;
    if (__builtin_expect(books.size() == 1, 1)) return book.row[0][0];
    double bid = -INFINITY, ask = INFINITY;
    for (const Book *one : books) {
        const double one_bid = one->best_level[BID] ? double(one->best_price[BID]) : bid;
        const double one_ask = one->best_level[ASK] ? double(one->best_price[ASK]) : ask;
        bid = one_bid > bid ? one_bid : bid;
        ask = one_ask < ask ? one_ask : ask;
    }
    return std::isinf(bid) || std::isinf(ask) ? UNDEFINED : (bid + ask) / 2e9;
}

// Signals, -1 to 1; the accounts follow them. Comparisons with NaN are false: hold.
inline FourInts trade_on(Book &book, double flow) {
    book.flow = std::isnan(flow) ? book.flow : std::isnan(book.flow) ? flow : book.flow + 0.1 * (flow - book.flow);
    const double mid = book.row[0][0], micro = book.row[0][1];
    const Four value = {book.instrument->mean, book.row[1][2], micro, book.flow};
    const Four above = {mid, 0.4, mid, 0.0}, under = {mid, -0.4, mid, 0.0};
    const FourInts signals = (value < under) - (value > above);
    const double price = instrument_mid(book);
    if (std::isnan(price)) return signals;
    const Four wanted = __builtin_convertvector(signals, Four);
    const Four target = signals == 0 ? book.position : wanted;
    // An unchanged position takes 0 off the cash.
    book.cash = book.cash - (target - book.position) * price;
    book.trades -= FourInts(target != book.position);
    book.position = target;
    book.equity = book.cash + target * price;
    return signals;
}

inline FourWords value_bits(Four x) {
    const Four lowest = Four{} - 1.7976931348623157e308;
    return FourWords(x > lowest ? x : lowest);
}

// Evaluates a book; returns the sums that its row adds to the four lanes of the trace, beyond the quotes.
template <unsigned STAGE> inline void evaluate(Store &store, Book &book, uint64_t *lanes) {
    const Four last = book.quotes;
    if (book.changed) compute_top(store, book);
    const Averages &of = book.averages;
    const double flow = order_flow(last, book.quotes);
    const double ahead_bid = book.best_level[BID] ? double(book.queue_ahead[BID]) : UNDEFINED;
    const double ahead_ask = book.best_level[ASK] ? double(book.queue_ahead[ASK]) : UNDEFINED;
    // Store whole vectors: reading a vector after writing a part of it stalls.
    const Four row1 = book.row[1], row3 = book.row[3];
    book.row[1] = Four{row1[0], of.spread_effective, row1[2], row1[3]};
    book.row[3] = Four{row3[0], row3[1], of.window_adds, of.window_cancellation};
    book.row[4] = Four{ahead_bid, ahead_ask, of.lifetime, of.window_modification_rate};
    book.row[5] = Four{flow, of.trade_flow, of.trade_price, double(book.n)};
    FourWords sums = {lanes[0], lanes[1], lanes[2], lanes[3]};
    for (const Four &four : book.row) sums += value_bits(four);
    if constexpr (STAGE >= LOBENCH_STAGE_STRATEGIES) sums += FourWords(trade_on(book, flow));
    for (int lane = 0; lane < 4; ++lane) lanes[lane] = sums[lane];
}

}  // namespace limit
