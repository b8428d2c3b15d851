#include "http/message.hpp"

#include <gtest/gtest.h>

#include "http/base64.hpp"
#include "http/gzip.hpp"
#include "http/handshake.hpp"
#include "http/utf8.hpp"

namespace warren::http {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(Headers, NamesCompareWithoutCase) {
    Headers headers;
    headers.add("Content-Type", "text/plain");
    headers.add("X-Two", "first");
    headers.add("x-two", "second");
    EXPECT_EQ(headers.get("content-type"), "text/plain");
    EXPECT_EQ(headers.get("X-TWO"), "first");
    EXPECT_EQ(headers.get("absent"), "");
    EXPECT_FALSE(headers.has("absent"));
    EXPECT_EQ(headers.at(2), std::pair("x-two"sv, "second"sv));
}

TEST(Request, Cookies) {
    Request request;
    request.headers.add("Cookie", "a=1; token=abc=d;userId=7");
    request.headers.add("cookie", "later=x");
    EXPECT_EQ(request.cookie("token"), "abc=d");
    EXPECT_EQ(request.cookie("userId"), "7");
    EXPECT_EQ(request.cookie("later"), "x");
    EXPECT_FALSE(request.cookie("ken"));
}

TEST(Query, ValuesAreDecoded) {
    EXPECT_EQ(query_value("a=1&b=x%20y+z&a=2", "b"), "x y z");
    EXPECT_EQ(query_value("a=1&b=2&a=2", "a"), "1");
    EXPECT_EQ(query_value("flag&x=", "flag"), "");
    EXPECT_EQ(query_value("flag&x=", "x"), "");
    EXPECT_FALSE(query_value("flag&x=", "y"));
    EXPECT_FALSE(query_value("x=%zz", "x"));
    EXPECT_FALSE(percent_decode("100%", false));
    EXPECT_FALSE(percent_decode("%4", false));
    EXPECT_EQ(percent_decode("a+%2B", false), "a++");
}

TEST(Base64, RoundTripsAndRefuses) {
    for (std::size_t n = 0; n < 40; ++n) {
        const auto bytes = random_bytes(n);
        EXPECT_EQ(base64_decode(base64(bytes)), bytes);
        EXPECT_EQ(base64url_decode(base64url(bytes)), bytes);
    }
    EXPECT_EQ(base64("\x01\x02\x03\x04"), "AQIDBA==");
    EXPECT_EQ(base64_decode("AQIDBA"), "\x01\x02\x03\x04");  // Some clients leave the padding out.
    for (const auto* bad : {"A", "AQIDB", "AQ==ID", "AQI*", "AR==", "AQIDBA="})
        EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(Utf8, WellFormedOrNot) {
    for (const auto& good :
         {""s, "ascii that is longer than a word"s, "\xc3\xa4"s, "\xe2\x82\xac"s, "\xf0\x9f\x98\x80"s,
          "\xed\x9f\xbf"s, "\xf4\x8f\xbf\xbf"s, "12345678\xc3\xa4"s}) {
        EXPECT_TRUE(is_utf8(good)) << good;
    }
    for (const auto& bad : {"\x80"s, "\xc3"s, "\xc0\x80"s, "\xe0\x80\x80"s, "\xed\xa0\x80"s,
                            "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "12345678\xff"s, "\xe2\x82"s}) {
        EXPECT_FALSE(is_utf8(bad));
    }
}

TEST(Gzip, OnlyWhenAccepted) {
    const auto accepts = [](const char* value) {
        Request request;
        request.headers.add("Accept-Encoding", value);
        return accepts_gzip(request);
    };
    EXPECT_TRUE(accepts("gzip, deflate"));
    EXPECT_TRUE(accepts("br;q=1.0, gzip;q=0.5"));
    EXPECT_TRUE(accepts("*"));
    EXPECT_FALSE(accepts("gzip;q=0"));
    EXPECT_FALSE(accepts("gzip;q=0.0, br"));
    EXPECT_FALSE(accepts("br"));
    EXPECT_FALSE(accepts(""));
    EXPECT_LT(gzip(std::string(10'000, 'x'), 1).size(), 100U);
}

TEST(Handshake, TheExampleOfTheRfc) {
    Request request;
    request.headers.add("Connection", "keep-alive, Upgrade");
    request.headers.add("Upgrade", "WebSocket");
    request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    request.headers.add("Sec-WebSocket-Version", "13");
    EXPECT_TRUE(is_upgrade(request));
    EXPECT_FALSE(check_upgrade(request));
    EXPECT_NE(accept_upgrade(request).find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
}

}  // namespace
}  // namespace warren::http
