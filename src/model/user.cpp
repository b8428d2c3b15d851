#include "model/user.hpp"

namespace warren {

std::string canonical_email(std::string_view email) {
    std::string out(email);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace warren
