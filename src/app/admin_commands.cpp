#include "app/admin_commands.hpp"

#include <array>

namespace warren::app {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::chrono::seconds kTimeout{30};

std::string text_of(const json::object& call, std::string_view key) {
    const auto* value = call.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string{};
}

std::string_view name_of(UserStatus status) {
    switch (status) {
        case UserStatus::inactive:
            return "inactive";
        case UserStatus::active:
            return "active";
        case UserStatus::suspended:
            return "suspended";
    }
    return "unknown";
}

json::object person(const User& user) {
    return {{"_id", user.id.hex()},
            {"email", user.email},
            {"name", user.name},
            {"phoneNo", user.phone},
            {"status", name_of(user.status)},
            {"createdAt", to_iso8601(user.created_at)}};
}

Task<Result<json::value>> add_user(AdminPowers powers, Deadline deadline, json::object call) {
    auto adding = powers.accounts.add(text_of(call, "email"), text_of(call, "name"),
                                      text_of(call, "password"), deadline);
    WARREN_CO_TRY(user, co_await std::move(adding));
    co_return json::value(person(user));
}

Task<Result<json::value>> list_users(AdminPowers powers, Deadline deadline, json::object call) {
    const auto after = UserId::parse(text_of(call, "after")).value_or(UserId{});
    auto listing = powers.accounts.list(after, kPage, deadline);
    WARREN_CO_TRY(users, co_await std::move(listing));
    json::array out;
    for (const auto& user : users)
        out.push_back(person(user));
    json::object answer{{"users", std::move(out)}};
    if (users.size() == kPage) answer["next"] = users.back().id.hex();
    co_return json::value(std::move(answer));
}

Task<Result<json::value>> suspend_user(AdminPowers powers, Deadline deadline, json::object call) {
    auto suspending = powers.accounts.suspend(text_of(call, "who"), deadline);
    WARREN_CO_TRY(user, co_await std::move(suspending));
    powers.sign_out(user.id);
    co_return json::value(person(user));
}

Task<Result<json::value>> restore_user(AdminPowers powers, Deadline deadline, json::object call) {
    auto restoring = powers.accounts.restore(text_of(call, "who"), deadline);
    WARREN_CO_TRY(user, co_await std::move(restoring));
    co_return json::value(person(user));
}

Task<Result<json::value>> set_password(AdminPowers powers, Deadline deadline, json::object call) {
    auto setting = powers.accounts.set_password(text_of(call, "who"), text_of(call, "password"), deadline);
    WARREN_CO_TRY(user, co_await std::move(setting));
    powers.sign_out(user.id);
    co_return json::value(person(user));
}

Task<Result<json::value>> show_sessions(AdminPowers powers, Deadline deadline, json::object call) {
    auto listing = powers.accounts.sessions(text_of(call, "who"), deadline);
    WARREN_CO_TRY(found, co_await std::move(listing));
    if (const auto* end = call.if_contains("end"); end && end->is_bool() && end->get_bool()) {
        auto ending = powers.accounts.end_sessions(found.user.id, deadline);
        WARREN_CO_TRY_VOID(co_await std::move(ending));
        powers.sign_out(found.user.id);
    }
    json::array sessions;
    for (const auto& session : found.sessions) {
        sessions.push_back(
            {{"createdAt", to_iso8601(session.created_at)}, {"expiresAt", to_iso8601(session.expires_at)}});
    }
    json::object answer{{"user", person(found.user)}, {"sessions", std::move(sessions)}};
    co_return json::value(std::move(answer));
}

std::optional<std::uint64_t> number_of(const json::object& call, std::string_view key) {
    const auto* value = call.if_contains(key);
    if (!value || !(value->is_int64() || value->is_uint64())) return std::nullopt;
    return value->to_number<std::uint64_t>();
}

Task<Result<Channel>> channel_of(AdminPowers powers, Deadline deadline, std::string text) {
    const auto id = ChannelId::parse(text);
    if (!id) co_return Error(Errc::invalid, "A channel's id is 24 hexadecimal digits, in lower case.");
    auto reading = powers.channels.channels({*id}, deadline);
    WARREN_CO_TRY(found, co_await std::move(reading));
    if (found.empty()) co_return Error(Errc::not_found, "There is no channel " + text + ".");
    co_return std::move(found.front());
}

/// What is not given of the two stays as the channel's own has it.
Task<Result<json::value>> channel_retention(AdminPowers powers, Deadline deadline, json::object call) {
    auto finding = channel_of(powers, deadline, text_of(call, "channel"));
    WARREN_CO_TRY(channel, co_await std::move(finding));
    const auto age = number_of(call, "maxAgeMs");
    const auto messages = number_of(call, "maxMessages");
    const auto before = channel.retention;
    if (call.contains("default")) channel.retention.reset();
    if (age || messages) {
        auto own = channel.retention.value_or(RetentionPolicy{});
        if (age) own.max_age = std::chrono::milliseconds(*age);
        if (messages) own.max_messages = *messages;
        channel.retention = own;
    }
    if (channel.retention != before) {
        auto setting = powers.channels.set_retention(channel.id, channel.retention, deadline);
        WARREN_CO_TRY_VOID(co_await std::move(setting));
    }
    const auto holds = channel.retention.value_or(powers.retention);
    json::object answer{{"_id", channel.id.hex()},
                        {"name", channel.name},
                        {"firstSeq", channel.start.first_seq},
                        {"maxAgeMs", holds.max_age.count()},
                        {"maxMessages", holds.max_messages},
                        {"own", channel.retention.has_value()}};
    co_return json::value(std::move(answer));
}

using Handler = Task<Result<json::value>> (*)(AdminPowers, Deadline, json::object);
constexpr std::array<std::pair<std::string_view, Handler>, 7> kCalls{
    {{"channel.retention", channel_retention},
     {"user.add", add_user},
     {"user.list", list_users},
     {"user.suspend", suspend_user},
     {"user.restore", restore_user},
     {"user.passwd", set_password},
     {"user.sessions", show_sessions}}};

}  // namespace

Task<Result<json::value>> run_admin_call(AdminPowers powers, json::object call) {
    const auto wanted = text_of(call, "call");
    const auto deadline = powers.clock.in(kTimeout);
    for (const auto& [name, handler] : kCalls) {
        if (name != wanted) continue;
        auto handling = handler(std::move(powers), deadline, std::move(call));
        co_return co_await std::move(handling);
    }
    co_return Error(Errc::unknown_event,
                    "The running node does not know this call; is it of another version?");
}

}  // namespace warren::app
