/* lobench_engine.h: the interface through which lobench verifies, measures and profiles an engine from outside. C99,
 * ABI version 1.
 *
 * A shared library exports one function, lobench_engine(), which returns a table of functions. lobench passes raw DBN
 * MBO records to `apply` and queries the results between calls. There is no call per event. docs/engine-abi.md explains
 * every part, with complete examples in C, C++, Rust and Zig; docs/semantics.md defines the meaning of records.
 * docs/your-engine.md is a tutorial that ends with a verified row in a report.
 *
 * Threads: all calls come from one thread, one at a time. Inside `apply`, an engine may use threads of its own, at most
 * `workers` including the caller's; they must be idle when it returns. The CPU time of all threads counts.
 * Ownership: memory passed in belongs to lobench and is valid during the call; records must not be changed. Memory
 * returned by pointer belongs to the engine: the table and its strings must live as long as the library, an error
 * string until the next call on the same engine.
 * Signals: an engine must not install handlers, change the signal mask or end the process.
 */
#ifndef LOBENCH_ENGINE_H
#define LOBENCH_ENGINE_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOBENCH_ABI_VERSION 1u
#define LOBENCH_FEATURES_COUNT 24
#define LOBENCH_STRATEGIES_COUNT 4
#define LOBENCH_ANOMALIES_COUNT 10

/* Results that an engine offers; all of them are compared with the reference. Features require books of at least five
 * levels internally; strategies require features. */
#define LOBENCH_BBO 1u         /* `levels` returns the best level of each side: price and size */
#define LOBENCH_LEVELS 2u      /* `levels` returns all levels: price, size, number of orders */
#define LOBENCH_QUEUES 4u      /* `orders` returns the orders of a level from front to tail */
#define LOBENCH_FEATURES 8u    /* `features` and `trace` are implemented */
#define LOBENCH_STRATEGIES 16u /* `accounts` is implemented, and the trace includes signals */
#define LOBENCH_ANOMALIES 32u  /* `counts` fills in the anomalies */

/* Rules of docs/semantics.md that an engine may leave out. It declares them, and lobench reports them. */
#define LOBENCH_NO_REPAIRS 1u     /* unknown or duplicate ids, mismatched cancels, invalid sides, prices and sizes */
#define LOBENCH_NO_TOP_OF_BOOK 2u /* records with F_TOB */
#define LOBENCH_NO_CLEAR 4u       /* R in mid-stream */
#define LOBENCH_ONE_PUBLISHER 8u  /* books of several publishers of one instrument */

/* Return codes of functions that can fail. */
#define LOBENCH_OK 0
#define LOBENCH_OUT_OF_MEMORY (-1)
#define LOBENCH_UNSUPPORTED (-2) /* an option that the engine does not support */
#define LOBENCH_BAD_RECORD (-3)
#define LOBENCH_FAILED (-4)

/* Stages of the pipeline; each includes all before it. */
#define LOBENCH_STAGE_DECODE 0u
#define LOBENCH_STAGE_BOOK 1u
#define LOBENCH_STAGE_FEATURES 2u
#define LOBENCH_STAGE_STRATEGIES 3u

/* One DBN MboMsg (rtype 0xA0), little endian, 56 bytes, 8-byte aligned. Prices are in units of 1e-9. */
typedef struct lobench_mbo {
    uint8_t length; /* in words of four bytes */
    uint8_t rtype;
    uint16_t publisher_id;
    uint32_t instrument_id;
    uint64_t ts_event; /* nanoseconds since 1970, UTC */
    uint64_t order_id;
    int64_t price;
    uint32_t size;
    uint8_t flags;
    uint8_t channel_id;
    char action;
    char side;
    uint64_t ts_recv;
    int32_t ts_in_delta;
    uint32_t sequence;
} lobench_mbo;

#define LOBENCH_F_LAST 0x80u
#define LOBENCH_F_TOB 0x40u
#define LOBENCH_F_SNAPSHOT 0x20u
#define LOBENCH_UNDEF_PRICE INT64_MAX

typedef struct lobench_options {
    uint32_t size;    /* bytes of this struct; later versions append fields */
    uint32_t stage;   /* the last stage to compute: LOBENCH_STAGE_... */
    uint32_t evaluate_every; /* 0: evaluate at records with F_LAST and without F_SNAPSHOT; 1: at every record */
    uint32_t workers; /* maximum number of working threads, including the caller's */
    uint64_t expected_orders;      /* estimated peak number of resting orders, and of instruments; 0: unknown. */
    uint64_t expected_instruments; /* Hints only: more may come. */
} lobench_options;

typedef struct lobench_level {
    int64_t price;
    uint64_t size;  /* sum over orders and top-of-book records */
    uint64_t count; /* number of orders */
} lobench_level;

typedef struct lobench_order {
    uint64_t order_id;
    uint64_t size;
} lobench_order;

typedef struct lobench_account {
    int64_t position;
    double cash;
    double equity;
    int64_t trades;
} lobench_account;

typedef struct lobench_counts {
    uint64_t events;
    uint64_t evaluations;
    /* add_existing_order, cancel_mismatch, cancel_oversize, cancel_unknown_order, invalid_side, modify_unknown_order,
     * trade_undefined_price, undefined_price, unknown_action, zero_size */
    uint64_t anomalies[LOBENCH_ANOMALIES_COUNT];
} lobench_counts;

/* Assigns a function of the engine to a stage, for profiles: a symbol (as a debugger shows it, without parameters), and
 * one of "decode", "lookup", "levels", "best price", "trackers", "features", "strategies". */
typedef struct lobench_stage_name {
    const char *symbol;
    const char *stage;
} lobench_stage_name;

/* The table. Functions for results that are not offered may be null. A book is identified by (instrument_id,
 * publisher_id). For a book without records, `levels` and `orders` return 0 entries, `features` and `accounts` return
 * 0. */
typedef struct lobench_engine_table {
    uint32_t abi_version; /* LOBENCH_ABI_VERSION */
    uint32_t size;        /* sizeof(lobench_engine_table); later versions append functions */
    const char *name;     /* ASCII, for display */
    const char *version;
    uint32_t offers;       /* LOBENCH_BBO | ... */
    uint32_t leaves_out;   /* LOBENCH_NO_REPAIRS | ... */
    uint32_t most_workers; /* 1: single-threaded */
    uint32_t reserved;     /* 0 */

    /* Creates an engine with empty books at *engine. */
    int32_t (*create)(const lobench_options *options, void **engine);
    void (*destroy)(void *engine);
    /* Applies `count` records, the first at `records`, at intervals of `stride` bytes (a multiple of 8, at least 56).
     * All work for them must be done when it returns. `count` may be 0. */
    int32_t (*apply)(void *engine, const void *records, uint64_t stride, uint64_t count);

    /* Levels of side 'B' or 'A', best first: up to `n`, starting with number `first`; returns the number written, or an
     * error. */
    int64_t (*levels)(void *engine, uint32_t instrument_id, uint16_t publisher_id, char side, uint64_t first, uint64_t n,
                      lobench_level *out);
    /* Orders of the level at `price`, front to tail; otherwise like `levels`. */
    int64_t (*orders)(void *engine, uint32_t instrument_id, uint16_t publisher_id, char side, int64_t price,
                      uint64_t first, uint64_t n, lobench_order *out);
    /* The features at the book's last evaluation: LOBENCH_FEATURES_COUNT doubles, NaN before the first evaluation.
     * Returns 1, or 0 if there is no such book. */
    int32_t (*features)(void *engine, uint32_t instrument_id, uint16_t publisher_id, double *out);
    /* The accounts of the book's LOBENCH_STRATEGIES_COUNT strategies. Returns 1, or 0 if there is no such book. */
    int32_t (*accounts)(void *engine, uint32_t instrument_id, uint16_t publisher_id, lobench_account *out);
    /* The running trace of docs/semantics.md: of the best prices in stage book, and also of features and signals in
     * later stages. */
    uint64_t (*trace)(void *engine);
    int32_t (*counts)(void *engine, lobench_counts *out);
    /* A description of the last failure; `engine` is null if `create` failed. May return null. */
    const char *(*error)(void *engine);

    const lobench_stage_name *stages; /* ends with a null symbol; may be null */
} lobench_engine_table;

#if defined(_WIN32)
#define LOBENCH_EXPORT __declspec(dllexport)
#else
#define LOBENCH_EXPORT __attribute__((visibility("default")))
#endif

/* The function that the library exports. */
LOBENCH_EXPORT const lobench_engine_table *lobench_engine(void);

/* ---- The running trace (docs/semantics.md, "Trace"), for engines in C and C++ ---- */

static inline uint64_t lobench_fold(uint64_t state, uint64_t value) {
    uint64_t product = (state ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return product ^ (product >> 32);
}

static inline uint64_t lobench_rotated(uint64_t value, int places) { return value << places | value >> (64 - places); }

/* The bits of a double; for NaN and minus infinity, those of the lowest finite double. */
static inline uint64_t lobench_value_bits(double value) {
    const double lowest = -1.7976931348623157e308;
    double kept = value > lowest ? value : lowest;
    uint64_t bits;
    memcpy(&bits, &kept, sizeof bits);
    return bits;
}

/* The term that an evaluation adds to the trace. `lanes`: sums of its row's values, value i of each group in lane
 * i % 4; `event_number`: the number of the event within its book, from 1. */
static inline uint64_t lobench_trace_row(uint32_t instrument_id, uint16_t publisher_id, uint64_t event_number,
                                         const uint64_t lanes[4]) {
    uint64_t key = ((uint64_t)instrument_id << 16 | publisher_id) * UINT64_C(0x9E3779B97F4A7C15) + event_number;
    return lobench_fold(key, lobench_rotated(lanes[0], 7) + lobench_rotated(lanes[1], 23) +
                                 lobench_rotated(lanes[2], 39) + lobench_rotated(lanes[3], 55));
}

#ifdef __cplusplus
}
#endif

#endif
