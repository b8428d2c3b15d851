#include "chat/emoji.hpp"

#include <gtest/gtest.h>

#include <string>

namespace warren::chat {
namespace {

TEST(Emoji, OneOfAnyFormIsOne) {
    for (const auto* text : {
             "👍",
             "👍🏽",
             "❤️",
             "❤",
             "😀",
             "👨‍👩‍👧‍👦",
             "👩🏻‍❤️‍💋‍👨🏿",
             "🏳️‍🌈",
             "🇩🇪",
             "1️⃣",
             "#⃣",
             "🏴\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xa5\xf3\xa0\x81\xae\xf3\xa0\x81\xa7\xf3\xa0\x81"
             "\xbf",
             "©",
             "🫩",
         })
        EXPECT_TRUE(is_emoji(text)) << text;
}

TEST(Emoji, AnythingElseIsNone) {
    for (const auto* text : {"",
                             "a",
                             "1",
                             ":)",
                             "👍👍",
                             "👍a",
                             "a👍",
                             " 👍",
                             "👍 ",
                             "🇩",
                             "🇩🇪🇫🇷",
                             "1️",
                             "⃣",
                             "‍",
                             "👍‍",
                             "‍👍",
                             "️",
                             "é",
                             "ä",
                             "汉",
                             "<b>",
                             "👍\n",
                             "🏴\xf3\xa0\x81\xa7"})
        EXPECT_FALSE(is_emoji(text)) << text;
}

TEST(Emoji, IsBounded) {
    std::string family = "👨";
    while (family.size() <= kEmojiBytesMax)
        family += "‍👨";
    EXPECT_FALSE(is_emoji(family));
}

}  // namespace
}  // namespace warren::chat
