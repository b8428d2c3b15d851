#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>

namespace warren {

/// A hash table in one piece of memory, for what is looked up all the time: a lookup reads one or two places,
/// where std::unordered_map follows nodes that lie apart. Items move when it grows: what others point to
/// belongs behind a pointer.
template <class Key, class Value>
using FlatMap = boost::unordered_flat_map<Key, Value, std::hash<Key>>;

}  // namespace warren
