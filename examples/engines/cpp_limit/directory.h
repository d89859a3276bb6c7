// Which book a record belongs to.
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

    // Null if no record has named it.
    Book *find(uint64_t key) const {
        for (size_t at = key * GOLDEN >> shift;; at = (at + 1) & (entries.size() - 1))
            if (entries[at].key == key || !entries[at].book) return entries[at].book;
    }

    // Made if need be.
    Book *book(uint64_t key) {
        Book *found = find(key);
        return __builtin_expect(found != nullptr, 1) ? found : make(key);
    }

  private:
    struct Entry {
        uint64_t key;
        Book *book;
    };
    static constexpr size_t TOGETHER = 4096;  // books whose memory is taken together

    Store &store;
    std::vector<Entry> entries;
    unsigned shift = 0;
    std::unordered_map<uint32_t, std::unique_ptr<Instrument>> instruments;
    std::vector<std::unique_ptr<Array<Book>>> memory;

    void resize(unsigned log_size) {
        entries.assign(size_t(1) << log_size, Entry{});
        shift = 64 - log_size;
        for (Book *book : store.books) enter(book);
    }

    void enter(Book *book) {
        size_t at = book->key * GOLDEN >> shift;
        while (entries[at].book) at = (at + 1) & (entries.size() - 1);
        entries[at] = {book->key, book};
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
        if (2 * store.books.size() > entries.size())
            resize(64 - shift + 1);
        else
            enter(book);
        return book;
    }
};

}  // namespace limit
