#include "app/admin_commands.hpp"

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

Task<Result<json::value>> add_user(chat::Accounts& accounts, Deadline deadline, json::object call) {
    auto adding =
        accounts.add(text_of(call, "email"), text_of(call, "name"), text_of(call, "password"), deadline);
    WARREN_CO_TRY(user, co_await std::move(adding));
    co_return json::value(person(user));
}

Task<Result<json::value>> list_users(chat::Accounts& accounts, Deadline deadline, json::object call) {
    const auto after = UserId::parse(text_of(call, "after")).value_or(UserId{});
    auto listing = accounts.list(after, kPage, deadline);
    WARREN_CO_TRY(users, co_await std::move(listing));
    json::array out;
    for (const auto& user : users)
        out.push_back(person(user));
    json::object answer{{"users", std::move(out)}};
    if (users.size() == kPage) answer["next"] = users.back().id.hex();
    co_return json::value(std::move(answer));
}

}  // namespace

Task<Result<json::value>> run_admin_call(chat::Accounts& accounts, Clock& clock, json::object call) {
    const auto name = text_of(call, "call");
    const auto deadline = clock.in(kTimeout);
    if (name == "user.add") {
        auto adding = add_user(accounts, deadline, std::move(call));
        co_return co_await std::move(adding);
    }
    if (name == "user.list") {
        auto listing = list_users(accounts, deadline, std::move(call));
        co_return co_await std::move(listing);
    }
    co_return Error(Errc::unknown_event,
                    "The running node does not know this call; is it of another version?");
}

}  // namespace warren::app
