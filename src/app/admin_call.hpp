#pragma once
#include <boost/json.hpp>

#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "base/result.hpp"

namespace warren::app {

namespace json = boost::json;

/// Makes a call of admin_commands.hpp for a command: on the running node of the data folder, or where none
/// runs on the stores themselves. Blocks.
Result<json::value> make_call(const Config& config, json::object call);

/// Complains of a call that failed.
Exit fail(const Error& error);

}  // namespace warren::app
