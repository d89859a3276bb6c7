// Finds the book of a record: a hash table of the books' keys. Instruments are often numbered in sequence, so plain
// numbers collide least and lie densest; if they still collide, keys are mixed.
#pragma once

#include <unordered_map>

#include "store.h"

namespace limit {

inline uint64_t key_of(uint32_t instrument_id, uint16_t publisher_id) {
    return uint64_t(instrument_id) << 16 | publisher_id;
}
inline uint64_t key_of(const lobench_mbo &record) { return key_of(record.instrument_id, record.publisher_id); }

class Directory {
  public:
    Directory(Store &store, uint64_t expected) : store(store) {
        unsigned log_size = 6;
        while (uint64_t(1) << log_size < 2 * expected && log_size < 30) ++log_size;
        resize(log_size);
    }
    Directory(const Directory &) = delete;
    Directory &operator=(const Directory &) = delete;
    ~Directory() {
        for (Book *book : store.books) book->~Book();
    }

    // Null if it has had no record.
    Book *find(uint64_t key) const {
        for (size_t at = home(key);; at = (at + 1) & mask)
            if (entries[at].key == key || !entries[at].book) return entries[at].book;
    }

    // Created if necessary.
    Book *book(uint64_t key) {
        Book *found = find(key);
        return __builtin_expect(found != nullptr, 1) ? found : make(key);
    }

  private:
    struct Entry {
        uint64_t key;
        Book *book;
    };
    static constexpr size_t FARTHEST = 8;      // maximum distance of a key from its home before all are mixed
    static constexpr size_t TOGETHER = 4096;  // books whose memory is allocated together

    Store &store;
    std::vector<Entry> entries;
    size_t mask = 0;
    bool mixed = false;
    std::unordered_map<uint32_t, std::unique_ptr<Instrument>> instruments;
    std::vector<std::unique_ptr<Array<Book>>> memory;

    size_t home(uint64_t key) const {
        if (__builtin_expect(mixed, 0)) return (key * GOLDEN ^ key * GOLDEN >> 32) & mask;
        return ((key >> 16) + uint16_t(key) * GOLDEN) & mask;
    }

    void resize(unsigned log_size) {
        entries.assign(size_t(1) << log_size, Entry{});
        mask = entries.size() - 1;
        for (Book *book : store.books)
            if (!enter(book)) return mix(log_size);
    }

    void mix(unsigned log_size) {
        mixed = true;
        resize(log_size);
    }

    // False if it would be too far from its home.
    bool enter(Book *book) {
        size_t at = home(book->key);
        for (size_t steps = 0; entries[at].book; at = (at + 1) & mask)
            if (++steps > FARTHEST && !mixed) return false;
        entries[at] = {book->key, book};
        return true;
    }

    __attribute__((noinline)) Book *make(uint64_t key) {
        const size_t number = store.books.size();
        if (number >= UINT32_MAX) throw std::bad_alloc();
        if (number % TOGETHER == 0) memory.push_back(std::make_unique<Array<Book>>(TOGETHER));
        Book *book = new (&(*memory.back())[number % TOGETHER]) Book;
        book->number = uint32_t(number);
        book->key = key;
        std::unique_ptr<Instrument> &instrument = instruments[uint32_t(key >> 16)];
        if (!instrument) instrument = std::make_unique<Instrument>();
        instrument->books.push_back(book);
        book->instrument = instrument.get();
        store.books.push_back(book);
        const unsigned log_size = unsigned(__builtin_ctzll(entries.size()));
        if (2 * store.books.size() > entries.size())
            resize(log_size + 1);
        else if (!enter(book))
            mix(log_size);
        return book;
    }
};

}  // namespace limit
