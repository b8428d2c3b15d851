#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace warren::fuzz {

using Target = void (*)(std::string_view input);

/// The targets linked into this program, by name; the replay test has all of them, a fuzzer one.
inline std::map<std::string, Target>& targets() {
    static std::map<std::string, Target> all;
    return all;
}

struct Register {
    Register(const char* name, Target target) { targets()[name] = target; }
};

/// A property that no input may break.
inline void require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
}

}  // namespace warren::fuzz

/// `WARREN_FUZZ_TARGET(name) { use(input); }`; the corpus is in fuzz/corpus/name.
#define WARREN_FUZZ_TARGET(name)                                             \
    static void fuzz_##name(std::string_view input);                         \
    static const warren::fuzz::Register register_##name(#name, fuzz_##name); \
    static void fuzz_##name(std::string_view input)
