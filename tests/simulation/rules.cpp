#include "chat/rules.hpp"

#include <array>

namespace warren::chat {
namespace {

// Written before the threads that run worlds start, constant while they do.
std::array<bool, kRuleCount> off{};

}  // namespace

bool on(Rule rule) {
    return !off[static_cast<std::size_t>(rule)];
}

void switch_rule(Rule rule, bool value) {
    off[static_cast<std::size_t>(rule)] = !value;
}

}  // namespace warren::chat
