#pragma once
#include <cstdint>

namespace warren {

/// A place in a channel's log: dense, from 1. 0 means "none".
using Seq = std::uint64_t;
/// A page of 128 places. @see docs/storage.md#buckets
using Bucket = std::uint64_t;

inline constexpr Seq kBucketSize = 128;

constexpr Bucket bucket_of(Seq seq) {
    return (seq - 1) / kBucketSize;
}
constexpr Seq first_seq_of(Bucket bucket) {
    return bucket * kBucketSize + 1;
}
constexpr Seq last_seq_of(Bucket bucket) {
    return (bucket + 1) * kBucketSize;
}

}  // namespace warren
