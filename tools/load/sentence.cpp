#include "load/sentence.hpp"

#include <array>

namespace warren::load {
namespace {

constexpr std::uint64_t kWords = 20'000;

/// SplitMix64: one step of a random sequence. https://prng.di.unimi.it/splitmix64.c
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

void append_word(std::string& out, std::uint64_t word) {
    constexpr std::array kSyllables{"ba",  "ne",  "ti", "ro",  "lu",  "sem",
                                    "kal", "vir", "do", "pan", "gos", "mi"};
    for (auto rest = word + 1; rest > 0; rest /= kSyllables.size())
        out.append(kSyllables[rest % kSyllables.size()]);
}

}  // namespace

std::string sentence(std::uint64_t number, std::size_t bytes) {
    std::string out;
    for (auto random = mix(number); out.size() < bytes; random = mix(random)) {
        out.push_back(' ');
        // A rank below a bound that is itself random: small ones are frequent.
        append_word(out, (random >> 32) % (1 + (random & 0xffffffff) % kWords));
    }
    out.resize(bytes);
    if (!out.empty() && out.back() == ' ') out.back() = '.';
    return out;
}

}  // namespace warren::load
