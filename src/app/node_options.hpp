#pragma once
#include "api/rest.hpp"
#include "app/config.hpp"
#include "chat/limits.hpp"
#include "gateway/options.hpp"
#include "http/server.hpp"
#include "socketio/server.hpp"

/// How the configuration's keys become the options of each part of a node.
namespace warren::app {

chat::Limits chat_limits(const Config& config);
http::ServerOptions http_options(const Config& config, Metrics& metrics);
/// `node`: random; only its low 24 bits are used.
socketio::Options socketio_options(const Config& config, std::uint64_t node);
gateway::Options gateway_options(const Config& config, const std::string& node_name);
api::RestOptions rest_options(const Config& config, std::uint64_t salt);

}  // namespace warren::app
