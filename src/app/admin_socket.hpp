#pragma once
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/task.hpp"

namespace warren::app {

namespace json = boost::json;

/// Answers one call that came through the admin socket (or was made in this process for want of a server).
using AdminHandler = std::function<Task<Result<json::value>>(json::object call)>;

/// The local socket through which `warren user ...` speaks to a running node: one JSON object a line each
/// way,
/// `{"call":...}` and `{"success":true,"data":...}` or `{"success":false,"errors":[...],"code":...}`. Whoever
/// may open it (mode 0600: the same user, or root) may do everything. On one executor.
class AdminSocket {
public:
    AdminSocket(asio::any_io_executor executor, AdminHandler handler);
    ~AdminSocket();
    AdminSocket(const AdminSocket&) = delete;
    AdminSocket& operator=(const AdminSocket&) = delete;

    /// Replaces a socket that a crash left behind: the caller holds the data folder's lock.
    /// @errors unavailable (saying what to mend)
    Result<void> start(const std::string& path);
    /// Takes no further calls; removes the socket.
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Makes one call on a running node, blocking; nothing where no node listens. @errors unavailable (it does
/// not answer), and what the node answered
std::optional<Result<json::value>> call_admin(const std::string& path, const json::object& call);

}  // namespace warren::app
