#include "chat/fold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace warren::chat {
namespace {

UserId user(std::uint8_t number) {
    UserId id;
    id.bytes[11] = number;
    return id;
}

EntryPtr entry(Seq seq, UserId sender, EntryBody body) {
    Entry out;
    out.seq = seq;
    out.sender = sender;
    out.body = std::move(body);
    return std::make_shared<const Entry>(std::move(out));
}

MessageBody text(std::string t) {
    MessageBody body;
    body.text = std::move(t);
    return body;
}

/// A message as the naive model has it: everything that later entries did to it, told afresh for each
/// question.
struct Told {
    std::string text;
    Seq edited_by = 0;
    Seq deleted_by = 0;
    std::vector<Reaction> reactions;
};

/// Reads the whole log once per message and emoji.
Told tell(const std::vector<EntryPtr>& log, Seq seq) {
    Told told;
    std::vector<std::string> emojis;
    for (const auto& e : log) {
        if (e->seq == seq) told.text = std::get<MessageBody>(e->body).text;
        if (e->target() != seq || told.deleted_by != 0) continue;
        if (const auto* edit = std::get_if<EditBody>(&e->body)) {
            told.text = edit->text;
            told.edited_by = e->seq;
        }
        if (std::holds_alternative<DeleteBody>(e->body)) told.deleted_by = e->seq;
        if (const auto* react = std::get_if<ReactBody>(&e->body)) {
            if (std::find(emojis.begin(), emojis.end(), react->emoji) == emojis.end()) {
                emojis.push_back(react->emoji);
            }
        }
    }
    if (told.deleted_by != 0) {
        told.text.clear();
        return told;
    }
    for (const auto& emoji : emojis) {
        std::map<UserId, Seq> since;
        for (const auto& e : log) {
            const auto* react = std::get_if<ReactBody>(&e->body);
            if (!react || react->target != seq || react->emoji != emoji) continue;
            if (react->on) since.try_emplace(e->sender, e->seq);
            if (!react->on) since.erase(e->sender);
        }
        std::vector<std::pair<Seq, UserId>> order;
        for (const auto& [who, when] : since)
            order.emplace_back(when, who);
        std::sort(order.begin(), order.end());
        Reaction reaction{emoji, order.size(), {}};
        for (std::size_t i = 0; i < std::min(order.size(), kReactorsShown); ++i)
            reaction.users.push_back(order[i].second);
        if (!order.empty()) told.reactions.push_back(std::move(reaction));
    }
    return told;
}

EntryBody random_body(std::mt19937& random, Seq seq) {
    const auto target = static_cast<Seq>(random() % (seq + 2));
    switch (random() % 10) {
        case 0:
            return EditBody{target, "edit " + std::to_string(seq), false};
        case 1:
            return random() % 3 == 0 ? EntryBody(DeleteBody{target}) : EntryBody(MemberBody{});
        case 2:
        case 3:
        case 4:
        case 5:
            return ReactBody{target, std::string(1, static_cast<char>('a' + random() % 3)),
                             random() % 3 != 0};
        default:
            return text("message " + std::to_string(seq));
    }
}

TEST(Fold, AgreesWithANaiveModelOnRandomLogs) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        std::vector<EntryPtr> log;
        std::vector<EntryPtr> targeting;
        const Seq length = 1 + random() % 128;
        for (Seq seq = 1; seq <= length; ++seq) {
            log.push_back(
                entry(seq, user(static_cast<std::uint8_t>(1 + random() % 70)), random_body(random, seq)));
            // An entry may target only what was there before it.
            if (log.back()->target() >= seq) log.back() = entry(seq, user(1), text("message"));
            if (log.back()->target() != 0) targeting.push_back(log.back());
        }
        std::size_t messages = 0;
        for (const auto& e : log)
            messages += e->is_message();
        const auto folded = fold(log, targeting);
        ASSERT_EQ(folded.size(), messages) << "seed " << seed;
        for (const auto& message : folded) {
            const auto told = tell(log, message.entry->seq);
            EXPECT_EQ(message.text, told.text) << "seed " << seed << " @" << message.entry->seq;
            EXPECT_EQ(message.edited_by, told.edited_by);
            EXPECT_EQ(message.deleted_by, told.deleted_by);
            EXPECT_EQ(message.reactions, told.reactions) << "seed " << seed << " @" << message.entry->seq;
        }
    }
}

TEST(Fold, CountsEveryReactorButShowsTheFirstOnly) {
    std::vector<EntryPtr> log{entry(1, user(1), text("hi"))};
    std::vector<EntryPtr> targeting;
    for (std::uint8_t i = 0; i < kReactorsShown + 10; ++i)
        targeting.push_back(entry(2 + i, user(i), ReactBody{1, "+", true}));
    const auto folded = fold(log, targeting);
    ASSERT_EQ(folded.front().reactions.size(), 1u);
    EXPECT_EQ(folded.front().reactions.front().count, kReactorsShown + 10);
    EXPECT_EQ(folded.front().reactions.front().users.size(), kReactorsShown);
    EXPECT_EQ(folded.front().reactions.front().users.front(), user(0));
}

TEST(Fold, NothingOfADeletedMessageIsLeft) {
    const std::vector<EntryPtr> log{entry(1, user(1), text("secret"))};
    const std::vector<EntryPtr> targeting{entry(2, user(2), ReactBody{1, "+", true}),
                                          entry(3, user(1), DeleteBody{1}),
                                          entry(4, user(1), EditBody{1, "again", false})};
    const auto folded = fold(log, targeting);
    EXPECT_EQ(folded.front().text, "");
    EXPECT_EQ(folded.front().deleted_by, 3u);
    EXPECT_TRUE(folded.front().reactions.empty());
}

}  // namespace
}  // namespace warren::chat
