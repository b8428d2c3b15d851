#include "bench/budget/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
thread_local std::uint64_t count = 0;
std::atomic<std::uint64_t> total{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
    ++count;
    total.fetch_add(1, std::memory_order_relaxed);
    const auto rounded = (bytes + alignment - 1) / alignment * alignment;
    void* out = alignment <= alignof(std::max_align_t) ? std::malloc(bytes == 0 ? 1 : bytes)
                                                       : std::aligned_alloc(alignment, rounded);
    if (!out) throw std::bad_alloc();
    return out;
}
}  // namespace

std::uint64_t warren::bench::allocations_here() {
    return count;
}

std::uint64_t warren::bench::allocations_elsewhere() {
    return total - count;
}

void* operator new(std::size_t bytes) {
    return allocate(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes) {
    return allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept {
    std::free(p);
}
void operator delete[](void* p) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}
