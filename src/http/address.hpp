#pragma once
#include <boost/asio/ip/address.hpp>
#include <string>

#include "base/task.hpp"

namespace warren::http {

/// What counts as one address where limits are kept: an IPv4 address, also in its IPv6 form, or the /64 of an
/// IPv6 one, since that is what one subscriber has. Another for each.
std::string address_key(const asio::ip::address& address);

}  // namespace warren::http
