// A textbook order book: an ordered map of price levels for each side, a list of orders in each level, and a
// hash map from an order's id to its place in that list. It implements the rules of docs/semantics.md ("Book rules")
// and nothing else: it returns the effect of each record as an Effect for trackers.h.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

#include "lobench_engine.h"

// In the order of lobench_counts.anomalies.
enum Anomaly {
    ADD_EXISTING_ORDER,
    CANCEL_MISMATCH,
    CANCEL_OVERSIZE,
    CANCEL_UNKNOWN_ORDER,
    INVALID_SIDE,
    MODIFY_UNKNOWN_ORDER,
    TRADE_UNDEFINED_PRICE,
    UNDEFINED_PRICE,
    UNKNOWN_ACTION,
    ZERO_SIZE
};

struct Order {
    uint64_t id;
    char side;
    int64_t price;
    uint64_t size;
    uint64_t birth;    // number of the event that added it
    uint64_t arrival;  // number of the event at which it last joined a tail
};

struct Level {
    uint64_t size = 0;  // of all orders, and of a top-of-book record
    std::list<Order> queue;
};

// The better price comes first: the higher bid, the lower ask.
struct Better {
    bool bid;
    bool operator()(int64_t a, int64_t b) const { return bid ? a > b : a < b; }
};

using Side = std::map<int64_t, Level, Better>;

// Size lost by an order that had joined its queue at event `arrival`.
struct Loss {
    char side;
    int64_t price;
    uint64_t arrival;
    uint64_t size;
};

// The effect of one record on its book.
struct Effect {
    std::vector<Anomaly> anomalies;
    std::vector<Loss> losses;
    bool ignored = false;
    bool added = false;      // an A that added size to the book
    uint64_t cancelled = 0;  // size removed by a C
    bool removed = false;    // a C removed an order that was added at event `birth`
    uint64_t birth = 0;
    bool reset_bid = false, reset_ask = false;  // sides emptied or replaced as a whole

    void ignore(Anomaly anomaly) {
        anomalies.push_back(anomaly);
        ignored = true;
    }
};

class Book {
  public:
    uint64_t n = 0;  // number of the newest event
    Side bids{Better{true}}, asks{Better{false}};

    Side &side(char which) { return which == 'B' ? bids : asks; }

    Effect apply(const lobench_mbo &record) {
        ++n;
        Effect effect;
        switch (record.action) {
        case 'A':
            record.flags &LOBENCH_F_TOB ? top_of_book(record, effect) : add(record, effect);
            break;
        case 'M':
            modify(record, effect);
            break;
        case 'C':
            cancel(record, effect);
            break;
        case 'R':
            clear('B');
            clear('A');
            effect.reset_bid = effect.reset_ask = true;
            break;
        case 'T':
            if (record.price == LOBENCH_UNDEF_PRICE) effect.ignore(TRADE_UNDEFINED_PRICE);
            break;
        case 'F':
        case 'N':
            break;
        default:
            effect.ignore(UNKNOWN_ACTION);
        }
        return effect;
    }

  private:
    std::unordered_map<uint64_t, std::list<Order>::iterator> orders;

    static bool has_side(const lobench_mbo &record) { return record.side == 'B' || record.side == 'A'; }

    bool checked(const lobench_mbo &record, Effect &effect) {
        if (!has_side(record))
            effect.ignore(INVALID_SIDE);
        else if (record.price == LOBENCH_UNDEF_PRICE)
            effect.ignore(UNDEFINED_PRICE);
        else if (record.size == 0)
            effect.ignore(ZERO_SIZE);
        return !effect.ignored;
    }

    void top_of_book(const lobench_mbo &record, Effect &effect) {
        if (!has_side(record)) return effect.ignore(INVALID_SIDE);
        bool empties = record.price == LOBENCH_UNDEF_PRICE;
        if (!empties && record.size == 0) return effect.ignore(ZERO_SIZE);
        clear(record.side);
        if (!empties) {
            side(record.side)[record.price].size = record.size;
            effect.added = true;
        }
        (record.side == 'B' ? effect.reset_bid : effect.reset_ask) = true;
    }

    void add(const lobench_mbo &record, Effect &effect) {
        if (!checked(record, effect)) return;
        auto found = orders.find(record.order_id);
        if (found != orders.end()) {
            effect.anomalies.push_back(ADD_EXISTING_ORDER);
            remove(found->second, effect);
        }
        create(record);
        effect.added = true;
    }

    void modify(const lobench_mbo &record, Effect &effect) {
        if (!checked(record, effect)) return;
        auto found = orders.find(record.order_id);
        if (found == orders.end()) {
            effect.anomalies.push_back(MODIFY_UNKNOWN_ORDER);
            return create(record);
        }
        Order &order = *found->second;
        if (record.side != order.side) {
            remove(found->second, effect);
            create(record);
        } else if (record.price != order.price || record.size > order.size) {
            uint64_t birth = order.birth;
            remove(found->second, effect);
            join({record.order_id, record.side, record.price, record.size, birth, n});
        } else {
            reduce(order, order.size - record.size, effect);
        }
    }

    void cancel(const lobench_mbo &record, Effect &effect) {
        auto found = orders.find(record.order_id);
        if (found == orders.end()) return effect.ignore(CANCEL_UNKNOWN_ORDER);
        Order &order = *found->second;
        if (record.price != order.price || record.side != order.side) effect.anomalies.push_back(CANCEL_MISMATCH);
        if (record.size > order.size) effect.anomalies.push_back(CANCEL_OVERSIZE);
        if (record.size < order.size) {
            effect.cancelled = record.size;
            reduce(order, record.size, effect);
        } else {
            effect.cancelled = order.size;
            effect.removed = true;
            effect.birth = order.birth;
            remove(found->second, effect);
        }
    }

    void create(const lobench_mbo &record) {
        join({record.order_id, record.side, record.price, record.size, n, n});
    }

    void join(const Order &order) {
        Level &level = side(order.side)[order.price];
        level.size += order.size;
        level.queue.push_back(order);
        orders[order.id] = std::prev(level.queue.end());
    }

    void remove(std::list<Order>::iterator place, Effect &effect) {
        Order order = *place;
        Side &levels = side(order.side);
        auto level = levels.find(order.price);
        effect.losses.push_back({order.side, order.price, order.arrival, order.size});
        level->second.size -= order.size;
        level->second.queue.erase(place);
        orders.erase(order.id);
        if (level->second.size == 0) levels.erase(level);
    }

    void reduce(Order &order, uint64_t size, Effect &effect) {
        effect.losses.push_back({order.side, order.price, order.arrival, size});
        side(order.side)[order.price].size -= size;
        order.size -= size;
    }

    void clear(char which) {
        for (auto &level : side(which))
            for (auto &order : level.second.queue) orders.erase(order.id);
        side(which).clear();
    }
};
