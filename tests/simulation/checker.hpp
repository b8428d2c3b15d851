#pragma once
#include <string>
#include <vector>

#include "tests/simulation/history.hpp"

namespace warren::simulation {

/// What `history` breaks of Warren's guarantees, one sentence each, beginning with the guarantee's name;
/// empty if nothing. Pure. @see docs/guarantees.md
std::vector<std::string> check(const History& history);

}  // namespace warren::simulation
