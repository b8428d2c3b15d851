#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "model/entry.hpp"

namespace warren {

/// The text that an entry can be found by: a message's or an edit's; empty for others, and once blanked.
std::string_view searched_text(const Entry& entry);

/// Its words as an index keeps them.
std::vector<std::string> searched_words(const Entry& entry);

/// The message that a hit on `entry` means: an edit's target, else itself.
inline Seq searched_seq(const Entry& entry) {
    return entry.target() == 0 ? entry.seq : entry.target();
}

}  // namespace warren
