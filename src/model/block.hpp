#pragma once
#include <compare>

#include "model/ids.hpp"

namespace warren {

/// `blocker` wants nothing of `blocked`. (An operator *suspends* an account: that is something else.)
struct Block {
    UserId blocker;
    UserId blocked;

    friend auto operator<=>(const Block&, const Block&) = default;
};

}  // namespace warren
