// State of a book beyond its orders (docs/semantics.md, "Trackers"): rates over a window of 100 events, order
// lifetimes, trades, the queue position of a hypothetical order on each side, and the previous quotes.
#pragma once

#include <cmath>
#include <limits>

#include "book.h"

constexpr double UNDEFINED = std::numeric_limits<double>::quiet_NaN();

// Exponential moving average with alpha 0.1.
inline double ema(double mean, double value) { return std::isnan(mean) ? value : mean + 0.1 * (value - mean); }

inline double best_price(const Side &side) { return side.empty() ? UNDEFINED : double(side.begin()->first); }
inline double best_size(const Side &side) { return side.empty() ? 0.0 : double(side.begin()->second.size); }

struct QueuePosition {
    char which;
    bool valid = false;
    int64_t price = 0;
    uint64_t joined = 0;
    int64_t ahead = 0;

    double value() const { return valid ? double(ahead) : UNDEFINED; }

    void update(const Side &side, uint64_t n, const Effect &effect, bool reset) {
        for (const Loss &loss : effect.losses)
            if (valid && loss.side == which && loss.price == price && loss.arrival <= joined) ahead -= loss.size;
        if (side.empty()) {
            valid = false;
        } else if (!valid || side.begin()->first != price || reset) {
            valid = true;
            price = side.begin()->first;
            ahead = int64_t(side.begin()->second.size);
            joined = n;
        }
    }
};

struct Quotes {
    double bid_price = UNDEFINED, bid_size = UNDEFINED, ask_price = UNDEFINED, ask_size = UNDEFINED;
};

struct Trackers {
    double window_adds = UNDEFINED, window_modification_rate = UNDEFINED, window_cancellation = UNDEFINED;
    double lifetime = UNDEFINED;
    double trade_flow = UNDEFINED, trade_price = UNDEFINED, trade_spread = UNDEFINED;
    QueuePosition bid{'B'}, ask{'A'};
    Quotes previous;

    void update(Book &book, const lobench_mbo &record, const Effect &effect) {
        if (effect.added) {
            ++adds;
            added_size += record.size;
        }
        if (record.action == 'M' && !effect.ignored) ++modifies;
        cancelled_size += effect.cancelled;
        if (book.n % 100 == 0) close_window();
        if (effect.removed) lifetime = ema(lifetime, double(book.n - effect.birth));
        if (record.action == 'T' && !effect.ignored) {
            double size = record.side == 'B' ? double(record.size) : record.side == 'A' ? -double(record.size) : 0.0;
            trade_flow = ema(trade_flow, size);
            trade_price = double(record.price);
            trade_spread = std::fabs(2.0 * trade_price - (best_price(book.bids) + best_price(book.asks)));
        }
        bid.update(book.bids, book.n, effect, effect.reset_bid);
        ask.update(book.asks, book.n, effect, effect.reset_ask);
    }

  private:
    uint64_t adds = 0, added_size = 0, modifies = 0, cancelled_size = 0;

    void close_window() {
        window_adds = double(adds);
        window_modification_rate = double(modifies) / 100;
        window_cancellation = added_size ? double(cancelled_size) / double(added_size) : UNDEFINED;
        adds = added_size = modifies = cancelled_size = 0;
    }
};
