#include "adapters/rabbitmq/amqp_error.hpp"

#include <amqp_framing.h>

#include <string>

namespace warren::rabbitmq {
namespace {

struct Closing {
    int code = 0;
    std::string text;
};

Closing read_closing(const amqp_method_t& method) {
    auto text_of = [](amqp_bytes_t bytes) {
        return bytes.len == 0 ? std::string() : std::string(static_cast<const char*>(bytes.bytes), bytes.len);
    };
    if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const auto* close = static_cast<const amqp_connection_close_t*>(method.decoded);
        return {close->reply_code, text_of(close->reply_text)};
    }
    if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto* close = static_cast<const amqp_channel_close_t*>(method.decoded);
        return {close->reply_code, text_of(close->reply_text)};
    }
    return {0, "unexpected method " + std::to_string(method.id)};
}

std::string place(const BrokerAddress& at) {
    return "RabbitMQ at " + at.name();
}

Error refused_login(const BrokerAddress& at) {
    return Error(
        Errc::unauthenticated,
        place(at) + " refused user \"" + at.user +
            "\": check user and password in the URL. (The user guest may sign in from the broker's own "
            "machine only.)");
}

Error refused_vhost(const BrokerAddress& at, const std::string& said) {
    const bool missing = said.find("not found") != std::string::npos;
    const auto mend = missing ? "create it with: rabbitmqctl add_vhost \"" + at.vhost + '"'
                              : "let the user in with: rabbitmqctl set_permissions -p \"" + at.vhost +
                                    "\" \"" + at.user + "\" \".*\" \".*\" \".*\"";
    return Error(missing ? Errc::not_found : Errc::forbidden,
                 place(at) + " does not open the vhost \"" + at.vhost + "\" to user \"" + at.user + "\"; " +
                     mend + " (it said: " + said + ").");
}

Error refused_permission(const BrokerAddress& at, std::string_view doing, const std::string& said) {
    const std::string needed = "\"^(warren\\.|amq\\.gen)\"";
    return Error(Errc::forbidden,
                 place(at) + " gives user \"" + at.user + "\" too few permissions for " + std::string(doing) +
                     "; mend it with: rabbitmqctl set_permissions -p \"" + at.vhost + "\" \"" + at.user +
                     "\" " + needed + ' ' + needed + ' ' + needed +
                     ", the configured exchange prefix in place of warren (it said: " + said + ").");
}

}  // namespace

Error to_error(const amqp_method_t& closing, const BrokerAddress& at, std::string_view doing) {
    const auto [code, said] = read_closing(closing);
    if (code == AMQP_ACCESS_REFUSED && closing.id == AMQP_CONNECTION_CLOSE_METHOD) return refused_login(at);
    if (code == AMQP_ACCESS_REFUSED) return refused_permission(at, doing, said);
    if (code == AMQP_NOT_ALLOWED) return refused_vhost(at, said);
    // Other failed preconditions pass: a listener that stood still for half an hour, for one.
    if (code == AMQP_PRECONDITION_FAILED && said.find("inequivalent") != std::string::npos) {
        return Error(Errc::conflict, place(at) + " has something of another kind by that name (" + said +
                                         "): delete it there, or give Warren a vhost of its own.");
    }
    return Error(Errc::unavailable,
                 place(at) + " ended " + std::string(doing) + ": " + std::to_string(code) + ' ' + said + '.');
}

Error to_error(int status, const BrokerAddress& at, std::string_view doing) {
    return Error(Errc::unavailable,
                 place(at) + " failed in " + std::string(doing) + ": " + amqp_error_string2(status) + '.');
}

Error to_error(const amqp_rpc_reply_t& reply, const BrokerAddress& at, std::string_view doing) {
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) return to_error(reply.reply, at, doing);
    return to_error(reply.library_error, at, doing);
}

}  // namespace warren::rabbitmq
