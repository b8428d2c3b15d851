#include "http/address.hpp"

namespace warren::http {

std::string address_key(const asio::ip::address& address) {
    if (address.is_v4()) return address.to_string();
    const auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
    const auto bytes = v6.to_bytes();
    // Eight bytes alone may spell an IPv4 address.
    return "/64 " + std::string(bytes.begin(), bytes.begin() + 8);
}

}  // namespace warren::http
