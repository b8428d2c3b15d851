#pragma once
#include <string>

#include "app/config.hpp"

namespace warren::app {

/// Where the admin socket of a node with this configuration is.
std::string admin_socket_path(const Config& config);

}  // namespace warren::app
