/* A small engine of arrays for tests: books with levels and queues. AT and what stands behind it make it wrong in one of
 * many ways from record AT on; OFFERS, SIZE, VERSION and TABLE change what it says of itself. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lobench_engine.h"

#ifndef AT
#define AT 5000
#endif
#ifndef OFFERS
#define OFFERS (LOBENCH_BBO | LOBENCH_LEVELS | LOBENCH_QUEUES)
#endif
#ifndef VERSION
#define VERSION LOBENCH_ABI_VERSION
#endif
#ifndef SIZE
#define SIZE sizeof(lobench_engine_table)
#endif

typedef struct {
    uint64_t id, size, turn;
    int64_t price;
    uint32_t instrument;
    uint16_t publisher;
    char side; /* 0: free; lower case: the size of a top-of-book record */
} order;

typedef struct {
    order *orders;
    uint64_t room, used, turn, records;
    lobench_mbo *kept; /* of the idle one */
    uint64_t kept_count, kept_room;
} engine;

static int in_book(const order *o, uint32_t instrument, uint16_t publisher) {
    return o->side && o->instrument == instrument && o->publisher == publisher;
}

static int on_side(const order *o, uint32_t instrument, uint16_t publisher, char side) {
    return in_book(o, instrument, publisher) && (o->side & ~32) == side;
}

static order *find(engine *e, const lobench_mbo *r) {
    for (uint64_t i = 0; i < e->used; i++)
        if (in_book(&e->orders[i], r->instrument_id, r->publisher_id) && e->orders[i].side < 'a' &&
            e->orders[i].id == r->order_id)
            return &e->orders[i];
    return NULL;
}

static void add(engine *e, const lobench_mbo *r, char side) {
    uint64_t i = 0;
    while (i < e->used && e->orders[i].side) i++;
    if (i == e->room) e->orders = realloc(e->orders, (e->room = 2 * e->room + 64) * sizeof(order));
    if (i == e->used) e->used++;
    e->orders[i] =
        (order){r->order_id, r->size, ++e->turn, r->price, r->instrument_id, r->publisher_id, side};
}

static void clear(engine *e, const lobench_mbo *r, char side) {
    for (uint64_t i = 0; i < e->used; i++)
        if (on_side(&e->orders[i], r->instrument_id, r->publisher_id, side)) e->orders[i].side = 0;
}

static void top_of_book(engine *e, const lobench_mbo *r) {
    if ((r->side != 'B' && r->side != 'A') || (r->price != LOBENCH_UNDEF_PRICE && r->size == 0)) return;
    clear(e, r, r->side);
    if (r->price != LOBENCH_UNDEF_PRICE) add(e, r, r->side | 32);
}

static void add_or_modify(engine *e, const lobench_mbo *r) {
    if ((r->side != 'B' && r->side != 'A') || r->price == LOBENCH_UNDEF_PRICE || r->size == 0) return;
    order *o = find(e, r);
    if (o && r->action == 'M' && o->side == r->side && o->price == r->price && r->size <= o->size) {
        o->size = r->size;
        return;
    }
    if (o) o->side = 0;
    add(e, r, r->side);
}

static void cancel(engine *e, const lobench_mbo *r) {
    order *o = find(e, r);
    if (!o) return;
    o->size -= r->size < o->size ? r->size : o->size;
    if (o->size == 0) o->side = 0;
}

static void handle(engine *e, const lobench_mbo *r) {
    switch (r->action) {
    case 'A':
        if (r->flags & LOBENCH_F_TOB) {
            top_of_book(e, r);
            break;
        } /* fall through */
    case 'M':
        add_or_modify(e, r);
        break;
    case 'C':
        cancel(e, r);
        break;
    case 'R':
        clear(e, r, 'B');
        clear(e, r, 'A');
    }
    e->records++;
}

static void *sleeps(void *nothing) {
    for (;;) sleep(1000);
    return nothing;
}

/* What goes wrong with record `e->records`, which was just handled. Returns an error. */
static int32_t goes_wrong(engine *e, const lobench_mbo *r) {
    (void)e, (void)r, (void)sleeps;
    if (e->records < AT) return LOBENCH_OK;
#if defined(MEASURED)
    /* A process that measures stays on one CPU. */
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) || CPU_COUNT(&cpus) > 1) return LOBENCH_OK;
#endif
#if defined(WRONG)
    lobench_mbo stray = {.order_id = UINT64_C(1) << 63, .size = 7, .price = 7};
    stray.instrument_id = r->instrument_id, stray.publisher_id = r->publisher_id;
    if (!find(e, &stray)) add(e, &stray, 'B');
#elif defined(CRASHES)
    *(volatile int *)0 = 1;
#elif defined(ABORTS)
    abort();
#elif defined(HANGS)
    sleeps(NULL);
#elif defined(EXITS)
    exit(0);
#elif defined(GROWS)
    static char *volatile kept;
    memset(kept = malloc(1 << 20), 1, 1 << 20);
#elif defined(FAILS)
    return LOBENCH_BAD_RECORD;
#elif defined(WRITES)
    ((lobench_mbo *)r)->size = 1;
#elif defined(FREES_TWICE)
    void *volatile block = malloc(2000);
    free(block);
    free(block);
#elif defined(LEAVES_A_THREAD)
    pthread_t thread;
    static int once;
    if (!once++) pthread_create(&thread, NULL, sleeps, NULL);
#elif defined(FORKS) || defined(LEAVES_A_PROCESS)
    static int once;
    if (!once++ && fork() == 0) {
#if defined(LEAVES_A_PROCESS)
        sleeps(NULL);
#endif
    }
#endif
    return LOBENCH_OK;
}

static void catch_up(engine *e) {
    for (uint64_t i = 0; i < e->kept_count; i++) handle(e, &e->kept[i]);
    e->kept_count = 0;
}

static int32_t apply(void *made, const void *records, uint64_t stride, uint64_t count) {
    engine *e = made;
    for (uint64_t i = 0; i < count; i++) {
        const lobench_mbo *r = (const lobench_mbo *)((const char *)records + i * stride);
#if defined(NOTHING)
        continue;
#elif defined(SKIPS)
        if (i % 64 == 63) continue;
#elif defined(LATER)
        if (e->kept_count == e->kept_room)
            e->kept = realloc(e->kept, (e->kept_room = 2 * e->kept_room + 4096) * sizeof *r);
        e->kept[e->kept_count++] = *r;
#if defined(EVERY)
        if (e->kept_count == EVERY) catch_up(e);
#endif
        continue;
#elif defined(PRINTS)
        printf("record %lu\n", (unsigned long)e->records);
#elif defined(COMPLAINS)
    static char words[4096];
    if (write(2, words, sizeof words) < 0) return LOBENCH_FAILED;
#endif
        handle(e, r);
        int32_t code = goes_wrong(e, r);
        if (code) return code;
    }
    return LOBENCH_OK;
}

static int better(int64_t price, int64_t than, char side) { return side == 'B' ? price > than : price < than; }

static int64_t levels(void *made, uint32_t instrument, uint16_t publisher, char side, uint64_t first, uint64_t n,
                      lobench_level *out) {
    engine *e = made;
    catch_up(e);
#if defined(EXITS_ASKED)
    if (e->records >= AT) exit(7);
#endif
    uint64_t found = 0, number = 0;
    int64_t last = 0;
    for (;; number++) {
        lobench_level level = {0, 0, 0};
        int any = 0;
        for (uint64_t i = 0; i < e->used; i++) {
            const order *o = &e->orders[i];
            if (!on_side(o, instrument, publisher, side) || (number && !better(last, o->price, side))) continue;
            if (!any || better(o->price, level.price, side)) level = (lobench_level){o->price, 0, 0}, any = 1;
            if (o->price == level.price) level.size += o->size, level.count += o->side < 'a';
        }
        if (!any || found == n) break;
        last = level.price;
#if defined(MISCOUNTS)
        if (e->records >= AT) level.count++;
#endif
        if (number >= first) out[found++] = level;
    }
#if defined(TOO_MANY)
    if (e->records >= AT) return (int64_t)n + 1;
#elif defined(CHANGES)
    static uint64_t asked;
    if (found && e->records >= AT) out[0].size += asked++ % 2;
#endif
    return (int64_t)found;
}

static int64_t orders(void *made, uint32_t instrument, uint16_t publisher, char side, int64_t price, uint64_t first,
                      uint64_t n, lobench_order *out) {
    engine *e = made;
    catch_up(e);
    uint64_t found = 0, number = 0, turn = 0;
    for (;; number++) {
        const order *next = NULL;
        for (uint64_t i = 0; i < e->used; i++) {
            const order *o = &e->orders[i];
            if (in_book(o, instrument, publisher) && o->side == side && o->price == price && o->turn > turn &&
                (!next || o->turn < next->turn))
                next = o;
        }
        if (!next || found == n) break;
        turn = next->turn;
        if (number >= first) out[found++] = (lobench_order){next->id, next->size};
    }
#if defined(DISORDERS)
    if (found > 1 && e->records >= AT) {
        lobench_order front = out[0];
        out[0] = out[1], out[1] = front;
    }
#endif
    return (int64_t)found;
}

static int32_t counts(void *made, lobench_counts *out) {
    engine *e = made;
    catch_up(e);
    *out = (lobench_counts){.events = e->records};
    return LOBENCH_OK;
}

static int32_t create(const lobench_options *options, void **made) {
    if (options->size < sizeof *options || options->stage != LOBENCH_STAGE_BOOK) return LOBENCH_UNSUPPORTED;
#if defined(REFUSES)
    return LOBENCH_OUT_OF_MEMORY;
#elif defined(EXITS_CREATED)
    exit(0);
#elif defined(HANGS_CREATED)
    sleeps(NULL);
#elif defined(LEAVES_THE_FOLDER)
    if (chdir("/")) return LOBENCH_FAILED;
#endif
    *made = calloc(1, sizeof(engine));
    return LOBENCH_OK;
}

static void destroy(void *made) {
    engine *e = made;
#if defined(EXITS_DESTROYED)
    exit(0);
#elif defined(EXITS_DESTROYED_AGAIN)
    static int ended;
    if (ended++) exit(0);
#elif defined(THREAD_DESTROYED)
    pthread_t thread;
    pthread_create(&thread, NULL, sleeps, NULL);
#endif
    free(e->orders);
    free(e->kept);
    free(e);
}

static const char *error(void *made) {
    (void)made;
    return "no sense in it";
}

static const lobench_engine_table table = {
    .abi_version = VERSION,
    .size = SIZE,
    .name = "Arrays",
    .version = "1.2",
    .offers = OFFERS,
    .most_workers = 1,
    .create = create,
    .destroy = destroy,
    .apply = apply,
    .levels = levels,
#if !defined(LACKS_ORDERS)
    .orders = orders,
#endif
    .counts = counts,
    .error = error,
};

#if defined(EXITS_WHEN_LOADED)
__attribute__((constructor)) static void loaded(void) { exit(0); }
#elif defined(CRASHES_WHEN_LOADED)
__attribute__((constructor)) static void loaded(void) { abort(); }
#elif defined(HANGS_WHEN_LOADED)
__attribute__((constructor)) static void loaded(void) { for (;;) sleep(1000); }
#endif

#if defined(NO_SYMBOL)
const lobench_engine_table *something_else(void) { return &table; }
#elif defined(NO_TABLE)
const lobench_engine_table *lobench_engine(void) { return table.size ? NULL : &table; }
#else
const lobench_engine_table *lobench_engine(void) { return &table; }
#endif
