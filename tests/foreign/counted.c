/* An engine whose work is known to the instruction: lines of so many `nop`s, done so often for each record. It has no
 * books. REPEATS changes the heavy line's work; WIDE has an instruction of AVX-512 in it. */
#include <stdlib.h>

#include "lobench_engine.h"

#ifndef REPEATS
#define REPEATS 3
#endif

typedef struct {
    uint64_t records;
    void *volatile kept;
} engine;

static inline __attribute__((always_inline)) void read_record(void) {
    __asm__ volatile("nop\n\tnop"); /* inlined: 2 */
}

static __attribute__((noinline)) void work(uint64_t times) {
    for (uint64_t i = 0; i < times; i++) {
        __asm__ volatile("nop\n\tnop\n\tnop\n\tnop"); /* heavy: 4 each time */
    }
}

static __attribute__((noinline)) void find(engine *e) {
    (void)e;
    __asm__ volatile("nop"); /* light: 1 */
    work(REPEATS);
}

static __attribute__((noinline)) void compute(engine *e) {
    e->kept = malloc(64); /* calls malloc */
    free(e->kept);
    work(1);
}

static int32_t apply(void *made, const void *records, uint64_t stride, uint64_t count) {
    engine *e = made;
    (void)records, (void)stride;
    for (uint64_t i = 0; i < count; i++) {
        read_record();
        find(e);
        compute(e);
#if defined(WIDE)
        __asm__ volatile(".byte 0x62, 0xf1, 0xfd, 0x48, 0x6f, 0xc0"); /* vmovdqa64 zmm0, zmm0 */
#endif
    }
    e->records += count;
    return LOBENCH_OK;
}

static int32_t create(const lobench_options *options, void **made) {
    (void)options;
    *made = calloc(1, sizeof(engine));
    return LOBENCH_OK;
}

static int64_t levels(void *made, uint32_t instrument, uint16_t publisher, char side, uint64_t first, uint64_t n,
                      lobench_level *out) {
    (void)made, (void)instrument, (void)publisher, (void)side, (void)first, (void)n, (void)out;
    return 0;
}

static const lobench_stage_name stages[] = {
    {"read_record", "decode"}, {"find(engine *)", "lookup"}, {"compute", "trackers"}, {NULL, NULL}};

static const lobench_engine_table table = {
    .abi_version = LOBENCH_ABI_VERSION,
    .size = sizeof table,
    .name = "Counted",
    .version = "1",
    .offers = LOBENCH_BBO,
    .most_workers = 1,
    .create = create,
    .destroy = free,
    .apply = apply,
    .levels = levels,
    .stages = stages,
};

const lobench_engine_table *lobench_engine(void) { return &table; }
