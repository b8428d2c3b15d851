#include "adapters/mongo/schema.hpp"

#include "adapters/mongo/entry_search.hpp"

#include <array>
#include <initializer_list>
#include <string>

namespace warren::adapters::mongo {
namespace {

using Step = Result<void> (*)(Call&);

struct Index {
    std::initializer_list<const char*> keys;
    bool unique = false;
};

Document key_of(const Index& index) {
    Document out;
    for (const auto* key : index.keys)
        out.add(key, std::int32_t{1});
    return out;
}

std::string name_of(const Index& index) {
    std::string out;
    for (const auto* key : index.keys)
        out += (out.empty() ? "" : "_") + std::string(key);
    return out;
}

// Creating an index that exists is nothing, so this may be repeated.
Result<void> create(Call& call, const char* collection, std::initializer_list<Index> indexes) {
    List list;
    for (const auto& index : indexes) {
        Document description;
        description.add("key", key_of(index)).add("name", name_of(index));
        if (index.unique) description.add("unique", true);
        list.add(description);
    }
    Document command;
    command.add("createIndexes", collection).add("indexes", list);
    return call.write(command);
}

// Every unique key begins with what its collection would be sharded by: {channelId, bucket}, {channelId}, or
// it is _id. Those of `users` are not, so that collection (and `sessions`, small as it is) stays on one
// shard.
Result<void> to_version_1(Call& call) {
    WARREN_TRY_VOID(create(call, kEntries,
                           {{{"channelId", "bucket", "seq"}, true},
                            {{"channelId", "senderId", "nonce"}},
                            {{"channelId", "targetBucket", "seq"}}}));
    WARREN_TRY_VOID(
        create(call, kMembers, {{{"channelId", "userId", "from"}, true}, {{"userId", "channelId"}}}));
    WARREN_TRY_VOID(create(call, kUsers, {{{"emailCanonical"}, true}, {{"phone"}, true}, {{"name"}}}));
    return create(call, kSessions, {{{"socketTokenHash"}}, {{"userId"}}});
}

// Sharded, if ever, by _id, which begins with the blocker.
Result<void> to_version_2(Call& call) {
    return create(call, kBlocks, {{{"blockerId"}}});
}

Result<void> to_version_3(Call& call) {
    return create(call, kBlankings, {{{"at"}}});
}

// Searching. The words of entries that an older Warren stored are added.
Result<void> to_version_4(Call& call) {
    WARREN_TRY_VOID(create(call, kEntries, {{{"channelId", "words", "wordsAt", "wordsSeq"}}}));
    return add_missing_words(call);
}

Result<void> to_version_5(Call& call) {
    return create(call, kMemberStates, {{{"channelId", "userId"}, true}});
}

constexpr std::array<Step, kSchemaVersion> kSteps{to_version_1, to_version_2, to_version_3, to_version_4,
                                                  to_version_5};

Result<std::uint64_t> version_of(Call& call) {
    std::uint64_t version = 0;
    const auto read = [&version](const bson_t& found) -> Result<void> {
        version = Fields(found).number("version");
        return {};
    };
    Document filter;
    filter.add("_id", "schema");
    WARREN_TRY_VOID(call.find(kMeta, filter, {}, read));
    return version;
}

Result<void> write_version(Call& call, std::uint64_t version) {
    Document first;
    first.add("_id", "schema").add("version", version);
    std::vector<Document> documents;
    documents.push_back(std::move(first));
    WARREN_TRY(existing, call.insert_missing(kMeta, documents));
    if (existing.empty()) return {};
    Update update;
    Document less;
    less.add("$lt", version);
    update.filter.add("_id", "schema").add("version", less);
    Document set;
    set.add("version", version);
    update.change.add("$set", set);
    std::vector<Update> updates;
    updates.push_back(std::move(update));
    WARREN_TRY_VOID(call.update(kMeta, updates));
    return {};
}

Error newer(std::uint64_t version) {
    return {Errc::conflict,
            "The MongoDB database is of a newer Warren (schema " + std::to_string(version) +
                ", this one knows " + std::to_string(kSchemaVersion) +
                "). Nothing was changed. Start the newer Warren, or name another mongodb.database."};
}

}  // namespace

Result<void> check_schema(Call& call) {
    WARREN_TRY(version, version_of(call));
    if (version > kSchemaVersion) return newer(version);
    return {};
}

Result<void> prepare_schema(Call& call) {
    WARREN_TRY(version, version_of(call));
    if (version > kSchemaVersion) return newer(version);
    while (version < kSchemaVersion) {
        WARREN_TRY_VOID(kSteps.at(version)(call));
        WARREN_TRY_VOID(write_version(call, ++version));
    }
    return {};
}

}  // namespace warren::adapters::mongo
