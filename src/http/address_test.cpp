#include "http/address.hpp"

#include <gtest/gtest.h>

namespace warren::http {
namespace {

std::string key(const char* text) {
    return address_key(asio::ip::make_address(text));
}

TEST(AddressKey, IsOneForAnIpv6Network) {
    EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
    EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

TEST(AddressKey, IsOneForAnIpv4AddressInBothForms) {
    EXPECT_EQ(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    EXPECT_NE(key("10.0.0.1"), key("10.0.0.2"));
}

TEST(AddressKey, TellsAnIpv6NetworkFromTheIpv4AddressThatItsBytesSpell) {
    EXPECT_NE(key("3130:2e30:2e30:2e31::1"), key("10.0.0.1"));
}

}  // namespace
}  // namespace warren::http
