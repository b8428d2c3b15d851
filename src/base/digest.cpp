#include "base/digest.hpp"

#include <sodium.h>

#include <array>

namespace warren {

std::uint64_t digest64(std::initializer_list<std::string_view> parts) {
    crypto_generichash_state state;
    std::array<unsigned char, crypto_generichash_BYTES_MIN> out{};
    crypto_generichash_init(&state, nullptr, 0, out.size());
    for (const auto part : parts)
        crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    crypto_generichash_final(&state, out.data(), out.size());
    std::uint64_t digest = 0;
    for (std::size_t i = 0; i < sizeof digest; ++i)
        digest |= std::uint64_t{out[i]} << (8 * i);
    return digest;
}

}  // namespace warren
