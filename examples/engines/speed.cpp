// The speed of an engine on records in memory: `speed ENGINE.so FEED.dbn [book|features|strategies] [ROUNDS]`.
//
// Each round creates a new engine and applies all records, in calls of 65,536. Prints the best and median rate of the
// rounds in CPU time, and the trace, which shows that the work was done. Orders and instruments are counted first, as
// lobench does. This is a quick check; for figures to quote, use `lobench measure`.
#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <unordered_set>
#include <vector>

#include "lobench_engine.h"

namespace {

[[noreturn]] void give_up(const std::string &why) {
    fprintf(stderr, "speed: %s\n", why.c_str());
    exit(2);
}

// A plain DBN file: "DBN", the version, the length of the metadata, the metadata, records.
std::vector<lobench_mbo> records_of(const char *path) {
    std::ifstream file(path, std::ios::binary);
    char start[8];
    if (!file.read(start, sizeof start) || memcmp(start, "DBN", 3) != 0)
        give_up(std::string(path) + " is no plain DBN file; `lobench generate` writes one");
    uint32_t metadata;
    memcpy(&metadata, start + 4, sizeof metadata);
    file.seekg(0, std::ios::end);
    const size_t start_of_records = sizeof start + metadata, end = size_t(file.tellg());
    std::vector<lobench_mbo> records(end > start_of_records ? (end - start_of_records) / sizeof(lobench_mbo) : 0);
    file.seekg(std::streamoff(start_of_records));
    file.read(reinterpret_cast<char *>(records.data()), std::streamsize(records.size() * sizeof(lobench_mbo)));
    for (const lobench_mbo &record : records)
        if (record.rtype != 0xA0) give_up(std::string(path) + " holds records that are not market-by-order");
    return records;
}

double processor_seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

lobench_options options_for(const std::vector<lobench_mbo> &records, uint32_t stage) {
    std::unordered_set<uint32_t> instruments;
    int64_t orders = 0, most = 0;
    for (const lobench_mbo &record : records) {
        instruments.insert(record.instrument_id);
        orders += (record.action == 'A') - (record.action == 'C');
        most = std::max(most, orders);
    }
    return {sizeof(lobench_options), stage, 0, 1, uint64_t(most), instruments.size()};
}

}  // namespace

int main(int count, char **words) {
    if (count < 3) give_up("speed ENGINE.so FEED.dbn [book|features|strategies] [ROUNDS]");
    const std::string stage = count > 3 ? words[3] : "strategies";
    const uint32_t number = stage == "book"         ? LOBENCH_STAGE_BOOK
                            : stage == "features"   ? LOBENCH_STAGE_FEATURES
                            : stage == "strategies" ? LOBENCH_STAGE_STRATEGIES
                                                    : 0;
    if (!number) give_up(stage + " is no stage");
    const int rounds = count > 4 ? atoi(words[4]) : 3;
    void *library = dlopen(std::string(words[1]).c_str(), RTLD_NOW);
    if (!library) give_up(dlerror());
    auto entry = reinterpret_cast<const lobench_engine_table *(*)()>(dlsym(library, "lobench_engine"));
    if (!entry) give_up(std::string(words[1]) + " has no lobench_engine");
    const lobench_engine_table &table = *entry();
    const std::vector<lobench_mbo> records = records_of(words[2]);
    const lobench_options options = options_for(records, number);
    std::vector<double> rates;
    for (int round = 0; round < rounds; ++round) {
        void *engine = nullptr;
        if (table.create(&options, &engine) != LOBENCH_OK) give_up("the engine was not created");
        const double start = processor_seconds();
        for (size_t at = 0; at < records.size(); at += 65536) {
            const size_t part = std::min<size_t>(65536, records.size() - at);
            if (table.apply(engine, &records[at], sizeof(lobench_mbo), part) != LOBENCH_OK) give_up("apply failed");
        }
        rates.push_back(double(records.size()) / (processor_seconds() - start) / 1e6);
        if (round == rounds - 1) printf("%s, %s: trace %016" PRIx64, table.name, stage.c_str(), table.trace(engine));
        table.destroy(engine);
    }
    std::sort(rates.begin(), rates.end());
    printf(", M events/s: best %.1f, median %.1f\n", rates.back(), rates[rates.size() / 2]);
}
