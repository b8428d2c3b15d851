#pragma once
#include <cstdint>
#include <string>

namespace warren::load {

/// `bytes` of text number `number`: a blank, then words of a few letters with a blank between them, some of
/// them often and most of them rarely, as in what people write. The same for the same arguments.
std::string sentence(std::uint64_t number, std::size_t bytes);

}  // namespace warren::load
