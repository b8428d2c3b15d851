#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/target.hpp"

namespace {

std::string content_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Replay : public testing::TestWithParam<std::pair<const std::string, warren::fuzz::Target>> {};

TEST_P(Replay, CorpusHoldsWholeAndCut) {
    const auto& [name, target] = GetParam();
    std::size_t inputs = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(std::filesystem::path(WARREN_FUZZ_CORPUS) / name)) {
        const auto content = content_of(file.path());
        SCOPED_TRACE(file.path().string());
        EXPECT_NO_THROW(target(content));
        // Every beginning of it, as far as that is quick.
        const auto step = content.size() / 256 + 1;
        for (std::size_t n = 0; n < content.size(); n += step)
            EXPECT_NO_THROW(target(content.substr(0, n)));
        ++inputs;
    }
    EXPECT_GT(inputs, 0U);
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay, testing::ValuesIn(warren::fuzz::targets()),
                         [](const auto& each) { return each.param.first; });

}  // namespace
