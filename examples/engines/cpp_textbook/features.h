// The 24 features of a book and its 4 strategies, as defined in docs/semantics.md.
#pragma once

#include <array>
#include <deque>

#include "trackers.h"

using Features = std::array<double, LOBENCH_FEATURES_COUNT>;
using Signals = std::array<int, LOBENCH_STRATEGIES_COUNT>;
using Accounts = std::array<lobench_account, LOBENCH_STRATEGIES_COUNT>;

enum Feature { MID_PRICE = 0, MICRO_PRICE = 1, IMBALANCE_LEVEL1 = 6, ORDER_FLOW_IMBALANCE = 20 };

// The five best levels of a side; missing levels have price NaN and size 0.
struct Top {
    double price[5], size[5];

    explicit Top(const Side &side) {
        auto level = side.begin();
        for (int k = 0; k < 5; ++k) {
            bool there = level != side.end();
            price[k] = there ? double(level->first) : UNDEFINED;
            size[k] = there ? double(level->second.size) : 0.0;
            if (there) ++level;
        }
    }
    double sum(int levels) const {
        double total = size[0];
        for (int k = 1; k < levels; ++k) total += size[k];
        return total;
    }
    double weighted() const {
        return size[0] + size[1] * 0.5 + size[2] * (1.0 / 3.0) + size[3] * 0.25 + size[4] * 0.2;
    }
    double pressure(double mid, double half) const {
        if (std::isnan(half) || half == 0) return UNDEFINED;
        double total = 0.0;
        for (int k = 0; k < 5; ++k)
            total += size[k] > 0 ? size[k] * half / (half + std::fabs(mid - price[k])) : 0.0;
        return total;
    }
};

inline double imbalance(double bid, double ask) { return bid + ask == 0 ? UNDEFINED : (bid - ask) / (bid + ask); }

inline Features features_of(const Book &book, const Trackers &of) {
    const Top bid(book.bids), ask(book.asks);
    const double b1 = bid.price[0], a1 = ask.price[0], bs = bid.size[0], as = ask.size[0];
    const Quotes &last = of.previous;
    Features f;
    f[MID_PRICE] = (b1 + a1) / 2e9;
    f[MICRO_PRICE] = (b1 * as + a1 * bs) / (bs + as) / 1e9;
    f[2] = (a1 - b1) / 1e9;
    f[3] = (a1 - b1) / ((b1 + a1) * 0.5);
    f[4] = 10000.0 * f[3];
    f[5] = of.trade_spread / 1e9;
    for (int k = 1; k <= 5; ++k) f[IMBALANCE_LEVEL1 + k - 1] = imbalance(bid.sum(k), ask.sum(k));
    f[11] = imbalance(bid.weighted(), ask.weighted());
    const double mid = (b1 + a1) * 0.5, half = std::fabs(a1 - b1) * 0.5;
    f[12] = bid.pressure(mid, half);
    f[13] = ask.pressure(mid, half);
    f[14] = of.window_adds;
    f[15] = of.window_cancellation;
    f[16] = of.bid.value();
    f[17] = of.ask.value();
    f[18] = of.lifetime;
    f[19] = of.window_modification_rate;
    f[ORDER_FLOW_IMBALANCE] =
        std::isnan(b1) || std::isnan(last.bid_price) || std::isnan(a1) || std::isnan(last.ask_price)
            ? UNDEFINED
            : (b1 >= last.bid_price ? bs : 0.0) - (b1 <= last.bid_price ? last.bid_size : 0.0) -
                  (a1 <= last.ask_price ? as : 0.0) + (a1 >= last.ask_price ? last.ask_size : 0.0);
    f[21] = of.trade_flow;
    f[22] = of.trade_price / 1e9;
    f[23] = double(book.n);
    return f;
}

// Shared by all books of one instrument: the books, for the best price over all of them, and the last 64 trades.
struct Instrument {
    std::vector<const Book *> books;
    std::deque<int64_t> trades;
    uint64_t sum = 0;  // of the trades' prices, modulo 2^64

    void trade(int64_t price) {
        trades.push_back(price);
        sum += uint64_t(price);
        if (trades.size() > 64) {
            sum -= uint64_t(trades.front());
            trades.pop_front();
        }
    }
    double mean() const { return trades.size() < 64 ? UNDEFINED : double(int64_t(sum)) / 64e9; }

    // Middle of the best prices over all books; NaN if there are no bids or no asks.
    double mid() const {
        double bid = UNDEFINED, ask = UNDEFINED;
        for (const Book *book : books) {
            bid = std::fmax(bid, best_price(book->bids));
            ask = std::fmin(ask, best_price(book->asks));
        }
        return (bid + ask) / 2e9;
    }
};

struct Strategies {
    Accounts accounts{};
    double flow = UNDEFINED;

    Signals evaluate(const Features &f, const Instrument &instrument) {
        if (!std::isnan(f[ORDER_FLOW_IMBALANCE])) flow = ema(flow, f[ORDER_FLOW_IMBALANCE]);
        // Comparisons with NaN are false: hold.
        const double mean = instrument.mean();
        const Signals signals = {
            (f[MID_PRICE] < mean) - (f[MID_PRICE] > mean),
            (f[IMBALANCE_LEVEL1] > 0.4) - (f[IMBALANCE_LEVEL1] < -0.4),
            (f[MICRO_PRICE] > f[MID_PRICE]) - (f[MICRO_PRICE] < f[MID_PRICE]),
            (flow > 0) - (flow < 0),
        };
        const double mid = instrument.mid();
        if (std::isnan(mid)) return signals;
        for (int k = 0; k < LOBENCH_STRATEGIES_COUNT; ++k) {
            lobench_account &account = accounts[k];
            int64_t target = signals[k] ? signals[k] : account.position;
            if (target != account.position) {
                account.cash -= double(target - account.position) * mid;
                ++account.trades;
                account.position = target;
            }
            account.equity = account.cash + double(account.position) * mid;
        }
        return signals;
    }
};
