#pragma once
#include <memory>

#include "app/config.hpp"
#include "ports/secrets.hpp"

namespace warren::app {

/// Passwords and tokens as the configuration says.
std::unique_ptr<Secrets> make_secrets(const Config& config);

}  // namespace warren::app
