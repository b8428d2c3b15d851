#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "words/query.hpp"
#include "words/tokens.hpp"

namespace warren::words {
namespace {

using ::testing::ElementsAre;
using Strings = std::vector<std::string>;

struct Case {
    std::string_view text;
    Strings tokens;
};
class Tokens : public ::testing::TestWithParam<Case> {};

TEST_P(Tokens, AreTheseInOrder) {
    EXPECT_EQ(tokens(GetParam().text), GetParam().tokens) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Plain, Tokens,
    ::testing::Values(Case{"", {}}, Case{" \t\n...!?", {}}, Case{"Hello, World", {"hello", "world"}},
                      Case{"don't e-mail a_b x.org", {"don", "t", "e", "mail", "a", "b", "x", "org"}},
                      Case{"room 101b, 3.14", {"room", "101b", "3", "14"}},
                      Case{"a\xff\xfe"
                           "b",
                           {"a", "b"}}));

INSTANTIATE_TEST_SUITE_P(Folding, Tokens,
                         ::testing::Values(Case{"Straße STRASSE", {"strasse", "strasse"}},
                                           Case{"École e\u0301cole ecole", {"ecole", "ecole", "ecole"}},
                                           Case{"ﬁne ｆｕｌｌ １２ ²", {"fine", "full", "12", "2"}},
                                           Case{"Łódź Đường smørrebrød", {"lodz", "duong", "smorrebrod"}},
                                           Case{"IŞIK ışık İstanbul", {"isik", "isik", "istanbul"}},
                                           Case{"ΣΊΣΥΦΟΣ σίσυφος", {"σισυφοσ", "σισυφοσ"}},
                                           Case{"Ёлка ёлка елка", {"елка", "елка", "елка"}},
                                           Case{"so\u00adft zero\u200bwidth", {"soft", "zerowidth"}}));

INSTANTIATE_TEST_SUITE_P(
    Scripts, Tokens,
    ::testing::Values(Case{"שָׁלוֹם שלום", {"שלום", "שלום"}},
                      Case{"مُحَمَّد محمـــد أحمد", {"محمد", "محمد", "احمد"}}, Case{"हिन्दी में", {"हिन्दी", "में"}},
                      Case{"தமிழ் மொழி", {"தமிழ்", "மொழி"}}, Case{"서울에서 만나요", {"서울에서", "만나요"}},
                      Case{"東京都庁", {"東", "京", "都", "庁"}},
                      Case{"がっこう か", {"が", "っ", "こ", "う", "か"}},
                      Case{"カフェー", {"カ", "フ", "ェ", "ー"}}, Case{"ｶﾌｪ", {"カ", "フ", "ェ"}},
                      Case{"กินข้าว", {"กิ", "น", "ข้", "า", "ว"}}, Case{"ភាសា", {"ភា", "សា"}},
                      Case{"用C++写", {"用", "c", "写"}},
                      Case{"tea👍🏽 👩\u200d👧", {"tea", "👍", "👩", "👧"}}, Case{"🇩🇪", {"🇩", "🇪"}}));

TEST(TokensOf, ALongTextAreBounded) {
    std::string text;
    for (int i = 0; i < 3'000; ++i)
        text += "a" + std::to_string(i) + ' ';
    EXPECT_EQ(tokens(text).size(), kTokensMax);
    EXPECT_EQ(tokens(std::string(1'000, 'x')), Strings{std::string(kTokenBytesMax, 'x')});
    // 21 letters of 3 bytes each.
    std::string georgian;
    for (int i = 0; i < 30; ++i)
        georgian += "ა";
    EXPECT_EQ(tokens(georgian).at(0).size(), 63U);
}

TEST(TokensOf, AsciiAreThoseOfTheGeneralWay) {
    std::mt19937 random(3);
    for (int i = 0; i < 5'000; ++i) {
        std::string text(random() % 200, ' ');
        for (auto& c : text)
            c = static_cast<char>(random() % 3 ? 'A' + random() % 58 : random() % 128);
        auto general = tokens(text + " é");
        ASSERT_EQ(general.back(), "e");
        general.pop_back();
        EXPECT_EQ(tokens(text), general) << text;
    }
}

TEST(TokensOf, AreDistinctForAnIndex) {
    EXPECT_THAT(distinct_tokens("b A b a B"), ElementsAre("a", "b"));
}

bool finds(std::string_view query, std::string_view text) {
    const auto parsed = parse_query(query);
    EXPECT_TRUE(parsed.has_value()) << query;
    return parsed.has_value() && parsed->matches(tokens(text));
}

TEST(QueryOf, WordsMeansAllOfThemAnywhere) {
    EXPECT_TRUE(finds("fox QUICK", "The quick, brown fox."));
    EXPECT_FALSE(finds("fox cat", "The quick brown fox"));
    EXPECT_FALSE(finds("qui", "The quick brown fox"));
}

TEST(QueryOf, QuotesMeansThemInARow) {
    EXPECT_TRUE(finds("\"quick brown\" fox", "The quick, brown fox"));
    EXPECT_FALSE(finds("\"quick fox\"", "The quick brown fox"));
    EXPECT_TRUE(finds("“quick brown”", "The quick brown fox"));
    EXPECT_TRUE(finds("\"brown fox", "The quick brown fox"));
    EXPECT_FALSE(finds("\"a b\"", "a"));
}

TEST(QueryOf, AStarMeansABeginning) {
    EXPECT_TRUE(finds("qui*", "The quick brown fox"));
    EXPECT_TRUE(finds("\"quick bro*\"", "The quick brown fox"));
    EXPECT_FALSE(finds("uick*", "The quick brown fox"));
    EXPECT_TRUE(finds("Éco*", "ecologie"));
}

TEST(QueryOf, AWordOfSeveralTokensMeansAPhrase) {
    EXPECT_TRUE(finds("e-mail", "my E-Mail"));
    EXPECT_FALSE(finds("e-mail", "mail, e"));
    EXPECT_TRUE(finds("京都", "東京都庁"));
    EXPECT_FALSE(finds("東都", "東京都庁"));
    EXPECT_TRUE(finds("ข้าว", "กินข้าวแล้ว"));
    EXPECT_TRUE(finds("猫*", "私の猫です"));
}

TEST(QueryOf, NothingToFindSaysWhatToMend) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "at least one word"},
        {"...", "at least one word"},
        {"\"\"", "at least one word"},
        {"*", "only behind the beginning"},
        {"! *", "only behind the beginning"},
        {"a*", "at least two letters"},
        {"foo*bar", "only at the end"},
        {"\"foo* bar\"", "only at the end"},
        {std::string(QueryLimits().bytes_max + 1, 'x'), "longer than 1024 bytes"},
    };
    for (const auto& [query, what] : cases) {
        const auto parsed = parse_query(query);
        ASSERT_TRUE(parsed.has_error()) << query;
        EXPECT_THAT(parsed.error().message, ::testing::HasSubstr(what));
    }
    std::string many;
    for (std::size_t i = 0; i <= QueryLimits().tokens_max; ++i)
        many += "ab ";
    EXPECT_EQ(parse_query(many).error(), Errc::too_large);
}

TEST(QueryOf, AsksAnIndexForItsLongestWords) {
    const auto needles = [](std::string_view query) { return parse_query(query)->needles(); };
    EXPECT_EQ(needles("a bbb \"cc a\" ddd*"), (Needles{{"bbb", "cc", "a"}, ""}));
    EXPECT_EQ(needles("ab* abcd* abc*"), (Needles{{}, "abcd"}));
    EXPECT_EQ(needles("\"one tw*\""), (Needles{{"one"}, ""}));
    EXPECT_EQ(needles("q w e r t y u i o p").words.size(), 8U);
}

// A phrase is found iff its words, as one string between blanks, stand in the text's words as one string.
TEST(QueryOf, AgreesWithANaiveModel) {
    std::mt19937 random(7);
    const Strings vocabulary{"a", "b", "ab", "ba", "aab", "Ä", "b-a", "東", "東京"};
    const auto joined = [](std::string_view text) {
        std::string out = " ";
        for (const auto& token : tokens(text))
            out += token + ' ';
        return out;
    };
    const auto some = [&](std::size_t most) {
        std::string out;
        for (std::size_t n = 1 + random() % most; n > 0; --n)
            out += vocabulary[random() % vocabulary.size()] + (random() % 4 == 0 ? ", " : " ");
        return out;
    };
    int found = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto text = some(8);
        auto phrase = some(3);
        const bool open = random() % 3 == 0 && tokens(phrase).back().size() > 1 &&
                          static_cast<unsigned char>(tokens(phrase).back()[0]) < 0x80;
        while (phrase.back() == ' ' || phrase.back() == ',')
            phrase.pop_back();
        auto needle = joined(phrase);
        if (open) needle.pop_back();
        const bool expected = joined(text).find(needle) != std::string::npos;
        EXPECT_EQ(finds('"' + phrase + (open ? "*\"" : "\""), text), expected) << phrase << " in " << text;
        found += expected;
    }
    EXPECT_GT(found, 2'000);
}

}  // namespace
}  // namespace warren::words
