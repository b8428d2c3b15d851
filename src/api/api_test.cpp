#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/answers.hpp"
#include "api/rate_table.hpp"

namespace warren::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const SteadyTime kNow{std::chrono::hours{5}};

TEST(RateTable, AllowsABurstAndThenTheRate) {
    RateTable table({3, 3s}, 100, 7);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(table.take("a", kNow), 0ms);
    EXPECT_EQ(table.take("a", kNow), 1s);
    EXPECT_EQ(table.take("a", kNow + 999ms), 1ms);
    EXPECT_EQ(table.take("a", kNow + 1s), 0ms);
    EXPECT_EQ(table.take("a", kNow + 1s), 1s);
    EXPECT_EQ(table.take("b", kNow), 0ms);
}

TEST(RateTable, WhatWasGivenBackDoesNotCount) {
    RateTable table({1, 60s}, 100, 7);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(table.take("a", kNow), 0ms);
        table.give_back("a");
    }
    EXPECT_EQ(table.take("a", kNow), 0ms);
    EXPECT_EQ(table.take("a", kNow), 60s);
}

TEST(RateTable, IsBoundedAndForgetsWhatIsAsGoodAsNewFirst) {
    RateTable table({1, 10s}, 100, 7);
    for (int i = 0; i < 100; ++i)
        table.take("old" + std::to_string(i), kNow);
    for (int i = 0; i < 99; ++i)
        table.take("new" + std::to_string(i), kNow + 10s);
    EXPECT_LE(table.size(), 100u);
    for (int i = 0; i < 99; ++i)
        EXPECT_GT(table.take("new" + std::to_string(i), kNow + 10s), 0ms) << i;
    for (int i = 0; i < 1000; ++i)
        table.take("more" + std::to_string(i), kNow + 10s);
    EXPECT_LE(table.size(), 100u);
}

std::vector<std::string> cookies_of(const http::Response& response) {
    std::vector<std::string> out;
    for (const auto& [name, value] : response.headers) {
        if (name == "Set-Cookie") out.push_back(value);
    }
    return out;
}

TEST(Answers, CookiesHaveTheSameLifetimeAndPath) {
    http::Response response;
    set_cookies(response, "T", *UserId::parse("0123456789abcdef01234567"), 60s, {true});
    EXPECT_THAT(
        cookies_of(response),
        testing::ElementsAre("token=T; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure",
                             "userId=0123456789abcdef01234567; Path=/; Max-Age=60; SameSite=Strict; Secure"));
    http::Response cleared;
    clear_cookies(cleared, {false});
    EXPECT_THAT(cookies_of(cleared),
                testing::ElementsAre("token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
                                     "userId=; Path=/; Max-Age=0; SameSite=Strict"));
}

TEST(Answers, ErrorsHaveTheTablesStatusAndARetryTime) {
    const auto response = bad(Error(Errc::rate_limited, "Wait.", 7s));
    EXPECT_EQ(response.status, 429u);
    EXPECT_EQ(response.body, R"({"success":false,"msg":"Wait.","code":"rate_limited"})");
    EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Retry-After", "7")));
    EXPECT_EQ(good(201, "Done.").body, R"({"success":true,"msg":"Done."})");
}

http::Request request_with(std::string_view name, std::string_view value, std::string body = {}) {
    http::Request request;
    request.headers.add(name, value);
    request.body = std::move(body);
    return request;
}

TEST(Answers, TheTokenIsTakenFromTheHeaderOrTheCookie) {
    EXPECT_EQ(token_of(request_with("Authorization", "Bearer abc")), "abc");
    EXPECT_EQ(token_of(request_with("Authorization", "bearer abc")), "abc");
    EXPECT_EQ(token_of(request_with("Authorization", "Basic abc")), "");
    EXPECT_EQ(token_of(request_with("Cookie", "userId=1; token=xyz")), "xyz");
    EXPECT_EQ(token_of({}), "");
}

TEST(Answers, OnlyJsonObjectsAreTaken) {
    const auto wrong = [](http::Request request) { return object_of(request).error().message; };
    EXPECT_EQ(
        text_of(*object_of(request_with("Content-Type", "Application/JSON; charset=utf-8", R"({"a":"b"})")),
                "a"),
        "b");
    EXPECT_THAT(wrong(request_with("Content-Type", "text/plain", "{}")), HasSubstr("Content-Type"));
    EXPECT_THAT(wrong(request_with("Content-Type", "application/json", "{")), HasSubstr("not JSON"));
    EXPECT_THAT(wrong(request_with("Content-Type", "application/json", "\"\xff\"")), HasSubstr("not JSON"));
    EXPECT_THAT(wrong(request_with("Content-Type", "application/json", "[1]")),
                HasSubstr("not a JSON object"));
    EXPECT_THAT(wrong(request_with("A", "b", std::string(100, '['))), HasSubstr("not JSON"));
    EXPECT_EQ(text_of(*object_of(request_with("A", "b", R"({"a":5})")), "a"), "");
}

}  // namespace
}  // namespace warren::api
