// Long because it holds a history for each thing that the checker must refuse.
// Histories written by hand, each with one breach that the checker has to find: a checker that finds nothing
// would make every seed green.
#include "tests/simulation/checker.hpp"

#include <gmock/gmock.h>

namespace warren::simulation {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::StartsWith;

template <class AnyId>
AnyId id(std::uint8_t number) {
    AnyId out;
    out.bytes[11] = number;
    return out;
}
const auto kAnn = id<UserId>(1);
const auto kBob = id<UserId>(2);
const auto kEve = id<UserId>(3);
const auto kTea = id<ChannelId>(9);

/// A log of tea: Ann makes it with Bob, then what the test appends.
class Log {
public:
    explicit Log(HistoryAccess access = HistoryAccess::all) {
        ChannelBody body;
        body.history = access;
        body.members = {{kAnn, Role::admin}, {kBob, Role::member}};
        append(kAnn, body);
    }
    EntryPtr message(UserId sender) { return append(sender, MessageBody{"hi", {}, {}, 0, {}, {}, false}); }
    EntryPtr member(MemberOp op, UserId user) { return append(kAnn, MemberBody{op, {{user, Role::member}}}); }
    EntryPtr append(UserId sender, EntryBody body) {
        Entry entry;
        entry.channel = kTea;
        entry.seq = entries.size() + 1;
        entry.id = id<EntryId>(static_cast<std::uint8_t>(entry.seq));
        entry.sender = sender;
        entry.nonce = "nonce " + std::to_string(entry.seq);
        entry.body = std::move(body);
        entry.count = (entries.empty() ? 0 : entries.back()->count) + (entry.is_message() ? 1 : 0);
        entries.push_back(std::make_shared<const Entry>(std::move(entry)));
        return entries.back();
    }
    EntryPtr at(Seq seq) const { return entries.at(seq - 1); }

    std::vector<EntryPtr> entries;
};

/// Bob's connection, open since the channel was made.
ConnectionRecord bobs(std::vector<Happened> events) {
    ConnectionRecord record;
    record.name = "bob";
    record.user = kBob;
    record.heads_at_opening[kTea] = 1;
    record.events = std::move(events);
    record.events_by_calm = {record.events.size()};
    return record;
}

History history_of(const Log& log, std::vector<ConnectionRecord> connections = {}) {
    History history;
    history.logs[kTea] = log.entries;
    history.calms.resize(1);
    history.calms[0].heads_after[kTea] = log.entries.size();
    history.connections = std::move(connections);
    return history;
}

Synced synced(Seq known, std::vector<EntryPtr> entries, Seq head) {
    Synced out;
    out.channels[kTea] = {known, std::move(entries), head, 1, false};
    return out;
}

/// An entry like `entry`, changed.
EntryPtr changed(const EntryPtr& entry, const std::function<void(Entry&)>& change) {
    Entry out = *entry;
    change(out);
    return std::make_shared<const Entry>(std::move(out));
}

#define EXPECT_BREACH(history, prefix) EXPECT_THAT(check(history), Contains(StartsWith(prefix)))

TEST(Checker, AcceptsWhatIsRight) {
    Log log;
    log.message(kAnn);
    log.member(MemberOp::added, kEve);
    log.message(kEve);
    log.member(MemberOp::removed, kEve);
    auto history = history_of(log, {bobs({Pushed{log.at(2)}, synced(1, {log.at(2), log.at(3)}, 3),
                                          Pushed{log.at(4)}, Pushed{log.at(5)}})});
    auto eve = bobs({Pushed{log.at(3)}, Pushed{log.at(4)}, Pushed{log.at(5)}});
    eve.user = kEve;
    history.connections.push_back(eve);
    history.acknowledged.push_back({kTea, kAnn, "nonce 2", 2, log.at(2)->id});
    history.made.push_back({"new", kTea});
    history.all_noticeable = true;
    history.calms[0].heads_before[kTea] = 5;
    EXPECT_THAT(check(history), IsEmpty());
}

TEST(Checker, AcceptsWhatPeopleDoToMessages) {
    Log log;
    log.message(kBob);
    log.append(kBob, EditBody{2, {}, true});
    log.append(kAnn, ReactBody{2, "+", true});
    log.append(kAnn, ReactBody{2, "+", false});
    log.append(kAnn, DeleteBody{2});
    const auto shown = log.at(2);
    log.entries[1] = changed(shown, [](Entry& e) { e.body = blanked(e.body); });
    auto history = history_of(log, {bobs({Pushed{shown}})});
    history.originals[{kTea, 2}] = shown;
    history.connections[0].live = false;
    EXPECT_THAT(check(history), IsEmpty());
}

TEST(Checker, FindsAChangeThatMustNotBe) {
    const auto refused = [](UserId sender, EntryBody body) {
        Log log;
        log.message(kBob);
        log.append(kAnn, ReactBody{2, "+", true});
        log.message(kAnn);
        log.append(kAnn, DeleteBody{4});
        log.append(sender, std::move(body));
        return check(history_of(log));
    };
    const auto says = [](const char* what) { return Contains(StartsWith(std::string("G2: ") + what)); };
    EXPECT_THAT(refused(kAnn, EditBody{2, "x", false}), says("a change of somebody else's"));
    EXPECT_THAT(refused(kAnn, EditBody{4, "x", false}), says("a change after the delete"));
    EXPECT_THAT(refused(kBob, ReactBody{4, "+", true}), says("a change after the delete"));
    EXPECT_THAT(refused(kAnn, DeleteBody{4}), says("a change after the delete"));
    EXPECT_THAT(refused(kBob, DeleteBody{3}), says("a change of what is no message"));
    EXPECT_THAT(refused(kBob, DeleteBody{1}), says("a change of what is no message"));
    EXPECT_THAT(refused(kAnn, ReactBody{2, "+", true}), says("a reaction that changes nothing"));
    EXPECT_THAT(refused(kBob, ReactBody{2, "+", false}), says("a reaction that changes nothing"));
}

TEST(Checker, FindsDeletedTextThatStayed) {
    Log log;
    log.message(kBob);
    log.append(kBob, EditBody{2, "x", false});
    log.append(kBob, DeleteBody{2});
    EXPECT_BREACH(history_of(log), "G5: deleted but not blanked: ");
    log.entries[1] = changed(log.at(2), [](Entry& e) { e.body = blanked(e.body); });
    EXPECT_BREACH(history_of(log), "G5: deleted but not blanked: ");
    log.entries[2] = changed(log.at(3), [](Entry& e) { e.body = blanked(e.body); });
    auto history = history_of(log);
    EXPECT_THAT(check(history), IsEmpty());
    history.unblanked_at_ack.push_back({kTea, 2});
    EXPECT_BREACH(history, "G5: a delete was acknowledged before");
}

TEST(Checker, FindsTextThatWasBlankedThoughNobodyDeletedIt) {
    Log log;
    log.message(kBob);
    log.entries[1] = changed(log.at(2), [](Entry& e) { e.body = blanked(e.body); });
    EXPECT_BREACH(history_of(log), "G5: deleted but not blanked: ");
}

TEST(Checker, FindsDeletedTextThatWasShown) {
    Log log;
    auto history = history_of(log, {bobs({})});
    history.connections[0].deleted_shown.push_back({kTea, 2});
    EXPECT_THAT(check(history), IsEmpty());
    history.always_fresh = true;
    EXPECT_BREACH(history, "G5: deleted text was shown of ");
}

TEST(Checker, FindsALostAcknowledgement) {
    Log log;
    auto history = history_of(log);
    history.acknowledged.push_back({kTea, kAnn, "nonce 2", 2, id<EntryId>(2)});
    EXPECT_BREACH(history, "G1: acknowledged but lost");
}

TEST(Checker, FindsAnAcknowledgedEntryReplacedByAnother) {
    Log log;
    log.message(kAnn);
    auto history = history_of(log);
    history.acknowledged.push_back({kTea, kAnn, "nonce 2", 2, id<EntryId>(77)});
    EXPECT_BREACH(history, "G1: acknowledged but lost");
}

TEST(Checker, FindsALostChannel) {
    History history;
    history.made.push_back({"new", kTea});
    EXPECT_BREACH(history, "G1: a channel that was made is lost");
}

TEST(Checker, FindsAHoleInALog) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    log.entries.erase(log.entries.begin() + 1);
    EXPECT_BREACH(history_of(log), "G2: a hole");
}

TEST(Checker, FindsAWrongCount) {
    Log log;
    log.message(kAnn);
    log.entries[1] = changed(log.at(2), [](Entry& entry) { entry.count = 7; });
    EXPECT_BREACH(history_of(log), "G2: a wrong count");
}

TEST(Checker, FindsAPushOfSomethingElseThanTheLogHas) {
    Log log;
    log.message(kAnn);
    const auto other = changed(log.at(2), [](Entry& entry) { entry.id = id<EntryId>(66); });
    EXPECT_BREACH(history_of(log, {bobs({Pushed{other}})}), "G2: not in the log");
}

TEST(Checker, FindsANonceTwice) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    log.entries[2] = changed(log.at(3), [](Entry& entry) { entry.nonce = "nonce 2"; });
    EXPECT_BREACH(history_of(log), "G3: the nonce");
}

TEST(Checker, FindsOneNonceAcknowledgedAtTwoPlaces) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    auto history = history_of(log);
    history.acknowledged.push_back({kTea, kAnn, "nonce 2", 2, log.at(2)->id});
    history.acknowledged.push_back({kTea, kAnn, "nonce 2", 3, log.at(3)->id});
    EXPECT_BREACH(history, "G3: one nonce acknowledged");
}

TEST(Checker, FindsAChannelMadeTwice) {
    Log log;
    auto history = history_of(log);
    history.made = {{"pair", kTea}, {"pair", id<ChannelId>(8)}};
    EXPECT_BREACH(history, "G3: made twice");
}

TEST(Checker, FindsAHoleInPushes) {
    Log log;
    for (int i = 0; i < 3; ++i)
        log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2)}, Pushed{log.at(4)}})}), "G4: after @2 came");
}

TEST(Checker, FindsARepeatedPush) {
    Log log;
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2)}, Pushed{log.at(2)}})}), "G4: after @2 came");
}

TEST(Checker, FindsAHoleAfterTheOpening) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(3)}})}), "G4: after opening at @1");
}

TEST(Checker, FindsAHoleBetweenASyncAndThePushes) {
    Log log;
    for (int i = 0; i < 3; ++i)
        log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({synced(1, {log.at(2)}, 2), Pushed{log.at(4)}})}), "G4: after @2");
}

TEST(Checker, FindsARepeatAfterASync) {
    Log log;
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({synced(1, {log.at(2)}, 2), Pushed{log.at(2)}})}), "G4: after @2");
}

TEST(Checker, FindsAHoleWithinASync) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({synced(1, {log.at(3)}, 3)})}), "G4: a hole in a sync");
}

TEST(Checker, FindsASyncThatEndsTooEarly) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({synced(1, {log.at(2)}, 3)})}), "G4: a sync ended before");
}

TEST(Checker, FindsAnAnswerFromThePast) {
    Log log;
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2)}, synced(1, {}, 1)})}),
                  "G4: an answer from the past");
    Paged paged;
    paged.channels[kTea] = {1, {}};
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2)}, paged})}), "G4: a page from the past");
    Paged without;
    without.committed[kTea] = 2;
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2)}, without})}), "G4: an answer without the channel");
}

TEST(Checker, FindsAPageThatLacksAMessage) {
    Log log;
    log.message(kAnn);
    log.message(kAnn);
    log.message(kAnn);
    Paged paged;
    paged.channels[kTea] = {4, {log.at(2), log.at(4)}};
    EXPECT_BREACH(history_of(log, {bobs({paged})}), "G4: a page of history lacks");
    EXPECT_BREACH(history_of(log, {bobs({ReadBack{kTea, 4, 2, 4, {log.at(2), log.at(3)}}})}),
                  "G4: a page of history lacks");
}

/// A log of three buckets, the first of which retention took.
History forgotten(Happened event) {
    Log log;
    while (log.entries.size() < 3 * kBucketSize)
        log.message(kAnn);
    History history = history_of(log, {bobs({std::move(event)})});
    history.starts[kTea] = kBucketSize + 1;
    for (Seq seq = kBucketSize + 1; seq <= 3 * kBucketSize; ++seq)
        history.stored[kTea].insert(seq);
    return history;
}
ReadBack page_of(const History& history, Seq from, Seq to) {
    const auto& log = history.logs.at(kTea);
    ReadBack page{kTea, 3 * kBucketSize, 1, 2 * kBucketSize, {}};
    page.messages.assign(log.begin() + static_cast<std::ptrdiff_t>(from - 1),
                         log.begin() + static_cast<std::ptrdiff_t>(to));
    return page;
}

TEST(Checker, AcceptsWhatRetentionTookWholeOrNotAtAll) {
    const auto empty = forgotten(Resync{});
    EXPECT_THAT(check(forgotten(page_of(empty, 2, 2 * kBucketSize))),
                Not(Contains(StartsWith("G4: a page"))));
    EXPECT_THAT(check(forgotten(page_of(empty, kBucketSize + 1, 2 * kBucketSize))),
                Not(Contains(StartsWith("G4: a page"))));
}

TEST(Checker, FindsABucketThatIsShownHalf) {
    const auto empty = forgotten(Resync{});
    EXPECT_THAT(check(forgotten(page_of(empty, 50, 2 * kBucketSize))), Contains(StartsWith("G4: a page")));
}

TEST(Checker, FindsWhatWasNotRemovedAndWhatShouldNotHaveBeen) {
    auto history = forgotten(Resync{});
    EXPECT_THAT(check(history), Not(Contains(StartsWith("R:"))));
    history.stored[kTea].insert(kBucketSize);
    EXPECT_THAT(check(history), Contains(StartsWith("R: not removed")));
    history.stored[kTea].erase(kBucketSize);
    history.stored[kTea].erase(kBucketSize + 7);
    EXPECT_THAT(check(history), Contains(StartsWith("R: removed")));
}

TEST(Checker, FindsASyncThatBeginsTooLate) {
    SyncedPart part{0, {}, 3 * kBucketSize, kBucketSize + 1, true};
    EXPECT_THAT(check(forgotten(Synced{{{kTea, part}}, {}, {}})), Not(Contains(StartsWith("R:"))));
    part.first_seq = kBucketSize + 2;
    EXPECT_THAT(check(forgotten(Synced{{{kTea, part}}, {}, {}})), Contains(StartsWith("R: begins too late")));
}

TEST(Checker, FindsAPushWhileSilent) {
    Log log;
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Resync{{kTea}}, Pushed{log.at(2)}})}), "G4: pushed although told");
}

TEST(Checker, FindsAPushOfAChannelThatTheAnswerDidNotHave) {
    Log log;
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Paged{}, Pushed{log.at(2)}})}), "G4: of an unknown channel");
}

TEST(Checker, FindsWhatNeverCame) {
    Log log;
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({})}), "G4: never came");
    EXPECT_BREACH(history_of(log, {bobs({synced(1, {}, 1)})}), "G4: never came");
}

TEST(Checker, FindsWhatCameTooLate) {
    Log log;
    log.message(kAnn);
    auto connection = bobs({Pushed{log.at(2)}});
    connection.events_by_calm = {0};
    auto history = history_of(log, {connection});
    history.calms[0].heads_before[kTea] = 2;
    EXPECT_THAT(check(history), IsEmpty());
    history.all_noticeable = true;
    EXPECT_BREACH(history, "G4: not healed within 10 s");
    history.calms[0].orphans.insert({kTea, 1});
    EXPECT_THAT(check(history), IsEmpty()) << "nobody can know that he is in it";
}

TEST(Checker, FindsAPushToAStranger) {
    Log log;
    log.member(MemberOp::removed, kBob);
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2)}, Pushed{log.at(3)}})}),
                  "G5: pushed to a stranger");
}

TEST(Checker, FindsAnAnswerToAStranger) {
    Log log;
    log.member(MemberOp::removed, kBob);
    log.message(kAnn);
    EXPECT_BREACH(history_of(log, {bobs({synced(2, {log.at(3)}, 3)})}), "G5: read by a stranger");
    Synced joined;
    joined.joined[kTea] = 3;
    EXPECT_BREACH(history_of(log, {bobs({joined})}), "G5: joined by a stranger");
    Paged paged;
    paged.channels[kTea] = {3, {log.at(3)}};
    EXPECT_BREACH(history_of(log, {bobs({paged})}), "G5: shown to a stranger");
}

TEST(Checker, FindsAJoinerWhoReadsWhatWasBefore) {
    Log log(HistoryAccess::since_join);
    log.message(kAnn);
    log.member(MemberOp::added, kEve);
    auto eve = bobs({ReadBack{kTea, 3, 2, 3, {log.at(2)}}});
    eve.user = kEve;
    eve.live = false;
    EXPECT_BREACH(history_of(log, {eve}), "G5: read by a stranger");
}

TEST(Checker, FindsTheTextOfWhatWasBeforeInAnEdit) {
    Log log(HistoryAccess::since_join);
    log.message(kAnn);
    log.member(MemberOp::added, kEve);
    log.append(kAnn, EditBody{2, "secret", false});
    const auto eves = [&](const EntryPtr& edit) {
        auto eve = bobs({synced(2, {log.at(3), edit}, 4)});
        eve.user = kEve;
        eve.live = false;
        return history_of(log, {eve});
    };
    EXPECT_BREACH(eves(log.at(4)), "G5: the text of what was before");
    EXPECT_THAT(check(eves(changed(log.at(4), [](Entry& e) { e.body = blanked(e.body); }))), IsEmpty());
    EXPECT_BREACH(eves(changed(log.at(4),
                               [](Entry& e) {
                                   e.body = EditBody{1, "", true};
                               })),
                  "G2: not in the log");
}

TEST(Checker, FindsAMessageByAStranger) {
    Log log;
    log.message(kEve);
    EXPECT_BREACH(history_of(log), "G5: not written by a member");
}

TEST(Checker, FindsAChangeByWhoIsNoAdmin) {
    Log log;
    log.append(kBob, MemberBody{MemberOp::added, {{kEve, Role::member}}});
    EXPECT_BREACH(history_of(log), "G5: changed by somebody who is no admin");
}

TEST(Checker, FindsWhoWasMadeToLeave) {
    Log log;
    log.append(kAnn, MemberBody{MemberOp::left, {{kBob, Role::member}}});
    EXPECT_BREACH(history_of(log), "G5: left by somebody else");
}

TEST(Checker, FindsAGroupWithoutAnAdmin) {
    Log log;
    log.append(kAnn, MemberBody{MemberOp::left, {{kAnn, Role::member}}});
    EXPECT_BREACH(history_of(log), "G5: left without an admin");
    Log named;
    named.append(kAnn, MemberBody{MemberOp::left, {{kAnn, Role::member}}, kBob});
    EXPECT_THAT(check(history_of(named)), IsEmpty());
    Log needless;
    needless.append(kBob, MemberBody{MemberOp::left, {{kBob, Role::member}}, kAnn});
    EXPECT_BREACH(history_of(needless), "G5: a successor that nobody needs");
}

TEST(Checker, FindsAnEntryOfAChannelThatIsNotKnownYet) {
    Log log;
    log.member(MemberOp::added, kEve);
    auto eve = bobs({Pushed{log.at(2), true}});
    eve.user = kEve;
    EXPECT_THAT(check(history_of(log, {eve})), IsEmpty());
    eve.events = {Pushed{log.at(2), false}};
    EXPECT_BREACH(history_of(log, {eve}), "A: not shown as what it is");
    EXPECT_BREACH(history_of(log, {bobs({Pushed{log.at(2), true}})}), "A: not shown as what it is");
}

TEST(Checker, FindsAMemberWhoWasRefused) {
    Log log;
    log.message(kAnn);
    auto history = history_of(log);
    history.refused.push_back({kTea, kBob, 1, 2});
    EXPECT_BREACH(history, "refused");
}

}  // namespace
}  // namespace warren::simulation
