#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace warren {

/// The first eight bytes, the lowest first, of the BLAKE2b-128 of all `parts` one after the other: the same
/// on every machine and in every version, so it may be stored. To find parts that have a given one takes some
/// 2^64 tries.
/// @see RFC 7693
std::uint64_t digest64(std::initializer_list<std::string_view> parts);

}  // namespace warren
