#include "app/demo.hpp"

namespace warren::app {
namespace {

Task<Result<UserId>> person(chat::Accounts& accounts, DemoPerson who, Deadline deadline) {
    auto adding = accounts.add(who.email, who.name, who.password, deadline);
    auto added = co_await std::move(adding);
    if (added) co_return added->id;
    if (added.error() != Errc::conflict) co_return added.error();
    // There since an earlier start. The list is read rather than searched: names can be changed.
    UserId after;
    for (;;) {
        auto listing = accounts.list(after, 500, deadline);
        WARREN_CO_TRY(page, co_await std::move(listing));
        for (const auto& user : page) {
            if (canonical_email(user.email) == canonical_email(who.email)) co_return user.id;
        }
        if (page.empty()) co_return Error(Errc::internal);
        after = page.back().id;
    }
}

Task<Result<void>> say(chat::Chat& chat, UserId who, ChannelId where, std::string what, std::string nonce,
                       Deadline deadline) {
    chat::MessageDraft draft;
    draft.body.text = std::move(what);
    draft.nonce = std::move(nonce);
    auto sending = chat.send_message(who, where, std::move(draft), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(sending));
    co_return Result<void>{};
}

struct Line {
    std::size_t who;
    const char* what;
};

Task<Result<void>> say_all(chat::Chat& chat, std::vector<UserId> people, ChannelId where,
                           std::vector<Line> lines, Deadline deadline) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto saying =
            say(chat, people[lines[i].who], where, lines[i].what, "demo-" + std::to_string(i), deadline);
        WARREN_CO_TRY_VOID(co_await std::move(saying));
    }
    co_return Result<void>{};
}

}  // namespace

const std::vector<DemoPerson>& demo_people() {
    static const std::vector<DemoPerson> people{
        {"alice@example.com", "Alice", "alice-demo"},
        {"bob@example.com", "Bob", "bob-demo-1"},
        {"carol@example.com", "Carol", "carol-demo"},
        {"dave@example.com", "Dave", "dave-demo"},
    };
    return people;
}

Task<Result<void>> make_demo(chat::Chat& chat, chat::Accounts& accounts, Deadline deadline) {
    std::vector<UserId> people;
    for (const auto& who : demo_people()) {
        auto finding = person(accounts, who, deadline);
        WARREN_CO_TRY(id, co_await std::move(finding));
        people.push_back(id);
    }
    auto opening = chat.open_pair(people[0], people[1], deadline);
    WARREN_CO_TRY(pair, co_await std::move(opening));
    std::vector<Line> greetings{{0, "Hi Bob!"}, {1, "Hi Alice, nice burrow you have here."}};
    auto greeting = say_all(chat, people, pair.channel, std::move(greetings), deadline);
    WARREN_CO_TRY_VOID(co_await std::move(greeting));
    chat::GroupDraft draft;
    draft.name = "Warren";
    draft.members = people;
    draft.nonce = "demo";
    auto making = chat.create_group(people[0], std::move(draft), deadline);
    WARREN_CO_TRY(group, co_await std::move(making));
    std::vector<Line> lines{{0, "Welcome, everybody."}, {2, "Is there tea?"}, {3, "There is always tea."}};
    auto talking = say_all(chat, people, group.channel, std::move(lines), deadline);
    co_return co_await std::move(talking);
}

}  // namespace warren::app
