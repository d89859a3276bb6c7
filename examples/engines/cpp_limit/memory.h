// Memory in huge pages, and pools of blocks in it.
//
// A random access to a table of a hundred megabytes costs two misses with pages of 4 KiB: its line and the page's entry.
// Memory is zeroed, and all its users treat zero as "empty".
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace limit {

constexpr size_t HUGE_PAGE = size_t(1) << 21;

inline size_t whole_pages(size_t bytes) {
    size_t page = bytes < HUGE_PAGE ? 4096 : HUGE_PAGE;
    return (bytes + page - 1) / page * page;
}

// Zeroed memory, aligned to a huge page if it fills one. `touched`: fault its pages in first.
inline void *map_memory(size_t bytes, bool touched) {
    bytes = whole_pages(bytes);
    const size_t spare = bytes < HUGE_PAGE ? 0 : HUGE_PAGE;
    void *got = mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    if (spare) {
        char *start = static_cast<char *>(got);
        const size_t before = -reinterpret_cast<uintptr_t>(start) % HUGE_PAGE;
        if (before) munmap(start, before);
        if (spare - before) munmap(start + before + bytes, spare - before);
        got = start + before;
        madvise(got, bytes, MADV_HUGEPAGE);
    }
    if (touched) memset(got, 0, bytes);
    return got;
}

inline void unmap_memory(void *memory, size_t bytes) {
    if (memory) munmap(memory, whole_pages(bytes));
}

// An array that grows. Elements keep their index, not their address.
template <class T> class Array {
  public:
    Array() = default;
    explicit Array(size_t count, bool touched = false)
        : memory(static_cast<T *>(map_memory(count * sizeof(T), touched))), size(count) {}
    Array(const Array &) = delete;
    Array &operator=(const Array &) = delete;
    Array &operator=(Array &&other) noexcept {
        std::swap(memory, other.memory);
        std::swap(size, other.size);
        return *this;
    }
    ~Array() { unmap_memory(memory, size * sizeof(T)); }

    T &operator[](size_t index) { return memory[index]; }
    const T &operator[](size_t index) const { return memory[index]; }
    T *data() { return memory; }
    size_t count() const { return size; }

    void grow(size_t count) {
        Array larger(count);
        if (memory) memcpy(static_cast<void *>(larger.memory), memory, size * sizeof(T));
        *this = std::move(larger);
    }

  private:
    T *memory = nullptr;
    size_t size = 0;
};

// Blocks of 2^k zeroed elements, identified by the index of their first; index 0 is never allocated. A freed block must
// be zeroed again.
template <class T, unsigned LOG_MOST> class Blocks : public Array<T> {
  public:
    explicit Blocks(size_t count, bool touched = false)
        : Array<T>(count < (1 << 12) ? 1 << 12 : count, touched) {}

    uint32_t take(unsigned log_size) {
        std::vector<uint32_t> &list = free[log_size];
        if (!list.empty()) {
            uint32_t block = list.back();
            list.pop_back();
            return block;
        }
        const size_t block = used, size = size_t(1) << log_size;
        if (block + size > size_t(1) << LOG_MOST) throw std::bad_alloc();
        while (block + size > this->count()) this->grow(2 * this->count());
        used += size;
        return uint32_t(block);
    }

    void give(uint32_t block, unsigned log_size) { free[log_size].push_back(block); }

  private:
    static constexpr size_t FIRST = 64;  // blocks start at a cache line
    size_t used = FIRST;
    std::vector<uint32_t> free[LOG_MOST + 1];
};

}  // namespace limit
