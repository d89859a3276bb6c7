// The replay: applies records to their books, evaluates, and prefetches ahead.
#pragma once

#include "directory.h"
#include "evaluate.h"
#include "regular.h"

namespace limit {

class Engine {
  public:
    explicit Engine(const lobench_options &options)
        : store(options.expected_orders, options.expected_instruments), directory(store, options.expected_instruments), options(options) {}

    lobench_counts counts{};
    uint64_t trace = 0;
    Store store;
    Directory directory;

    void apply(const char *records, uint64_t stride, uint64_t count) {
        if (options.stage >= LOBENCH_STAGE_STRATEGIES)
            run<LOBENCH_STAGE_STRATEGIES>(records, stride, count);
        else if (options.stage == LOBENCH_STAGE_FEATURES)
            run<LOBENCH_STAGE_FEATURES>(records, stride, count);
        else
            run<LOBENCH_STAGE_BOOK>(records, stride, count);
    }

  private:
    static constexpr uint64_t AHEAD = 12;  // records between the stages of prefetching
    static constexpr uint64_t RING = 32;   // more than 2 * AHEAD

    lobench_options options;

    // A small table of one book fits in the nearest caches: prefetching costs more than it saves.
    bool fetches() const { return store.orders.capacity() > 1 << 15 || store.books.size() > 32; }

    template <unsigned STAGE> void run(const char *records, uint64_t stride, uint64_t count) {
        while (count) {
            const uint64_t part = count < 4096 ? count : 4096;
            if (fetches())
                run_ahead<STAGE>(records, stride, part, count);
            else
                run_at_once<STAGE>(records, stride, part);
            records += part * stride;
            count -= part;
        }
    }

    static const lobench_mbo &record_at(const char *records) { return *reinterpret_cast<const lobench_mbo *>(records); }

    // Known about a record before its turn.
    struct alignas(32) Known {
        Book *book;
        uint64_t step;
        uint32_t home;
    };

    struct Tally {
        uint64_t trace = 0, evaluations = 0;
    };

    template <unsigned STAGE> void run_at_once(const char *records, uint64_t stride, uint64_t count) {
        Regular<STAGE >= LOBENCH_STAGE_FEATURES> rules(store, counts.anomalies);
        const char *const end = records + count * stride;
        Book *book = nullptr;
        Tally tally;
        for (; records != end; records += stride) {
            const lobench_mbo &record = record_at(records);
            const uint64_t key = key_of(record);
            if (!book || book->key != key) book = directory.book(key);
            handle<STAGE>(rules, *book, record, store.orders.home(record.order_id, key),
                          book->window.steps(record.price), tally);
        }
        add(tally, count);
    }

    // Two distances ahead, a record's book is found, and book and order are fetched; one distance ahead, its level
    // and the order's neighbours, whose places are known by then. `known`: number of readable records.
    template <unsigned STAGE>
    void run_ahead(const char *records, uint64_t stride, uint64_t count, uint64_t known) {
        Regular<STAGE >= LOBENCH_STAGE_FEATURES> rules(store, counts.anomalies);
        Known ring[RING];
        Tally tally;
        auto first_step = [&](uint64_t i) __attribute__((always_inline)) {
            if (i >= known) return;
            const lobench_mbo &record = record_at(records + i * stride);
            Known &of = ring[i % RING];
            const uint64_t key = key_of(record);
            of.home = store.orders.home(record.order_id, key);
            __builtin_prefetch(&store.orders[of.home], 1);
            of.book = directory.book(key);
            fetch_book<STAGE>(of.book);
        };
        auto second_step = [&](uint64_t i) __attribute__((always_inline)) {
            if (i >= known) return;
            const lobench_mbo &record = record_at(records + i * stride);
            Known &of = ring[i % RING];
            const Window &window = of.book->window;
            of.step = window.steps(record.price);
            const uint32_t side = record.side == 'A', number = window.number(side, of.step) & (window.width - 1);
            __builtin_prefetch(&store.level(window.first[side] + number), 1);
            for (uint32_t best : of.book->best_level) {
                __builtin_prefetch(&store.level(best));
                if constexpr (STAGE >= LOBENCH_STAGE_FEATURES) __builtin_prefetch(&store.level(best) + 4);
            }
            if constexpr (STAGE >= LOBENCH_STAGE_STRATEGIES) __builtin_prefetch(of.book->instrument);
            const Order &order = store.orders[of.home];
            __builtin_prefetch(&store.orders[order.next], 1);
            __builtin_prefetch(&store.orders[order.prev], 1);
        };
        for (uint64_t i = 0; i < 2 * AHEAD; ++i) first_step(i);
        for (uint64_t i = 0; i < AHEAD; ++i) second_step(i);
        uint32_t changes = store.changes;
        for (uint64_t i = 0; i < count; ++i) {
            first_step(i + 2 * AHEAD);
            second_step(i + AHEAD);
            const Known &of = ring[i % RING];
            handle<STAGE>(rules, *of.book, record_at(records + i * stride), of.home, of.step, tally);
            if (__builtin_expect(store.changes == changes, 1)) continue;
            for (uint64_t j = i + 1; j <= i + 2 * AHEAD; ++j) first_step(j);
            for (uint64_t j = i + 1; j <= i + AHEAD; ++j) second_step(j);
            changes = store.changes;
        }
        add(tally, count);
    }

    void add(const Tally &tally, uint64_t events) {
        trace += tally.trace;
        counts.evaluations += tally.evaluations;
        counts.events += events;
    }

    template <unsigned STAGE> static void fetch_book(const Book *book) {
        const char *at = reinterpret_cast<const char *>(book);
        __builtin_prefetch(at, 1);
        __builtin_prefetch(at + 64, 1);
        if constexpr (STAGE >= LOBENCH_STAGE_FEATURES)
            for (size_t line = 2; line < (STAGE >= LOBENCH_STAGE_STRATEGIES ? sizeof(Book) : offsetof(Book, position)) / 64; ++line)
                __builtin_prefetch(at + line * 64, 1);
    }

    template <unsigned STAGE, class AnyRules>
    __attribute__((always_inline)) void handle(AnyRules &rules, Book &book, const lobench_mbo &record,
                                               uint32_t home, uint64_t step, Tally &tally) {
        rules.apply(book, record, home, step);
        const bool last = (record.flags & (LOBENCH_F_LAST | LOBENCH_F_SNAPSHOT)) == LOBENCH_F_LAST;
        if (!last && !options.evaluate_every) return;
        ++tally.evaluations;
        uint64_t lanes[4] = {uint64_t(book.best_price[BID]), store.level(book.best_level[BID]).size,
                             uint64_t(book.best_price[ASK]), store.level(book.best_level[ASK]).size};
        if constexpr (STAGE >= LOBENCH_STAGE_FEATURES) evaluate<STAGE>(store, book, lanes);
        tally.trace += lobench_trace_row(record.instrument_id, record.publisher_id, book.n, lanes);
    }
};

}  // namespace limit
