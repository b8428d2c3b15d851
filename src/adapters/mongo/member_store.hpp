#pragma once
#include <mutex>

#include "adapters/mongo/database.hpp"
#include "ports/member_store.hpp"

namespace warren::adapters::mongo {

/// Collection `memberStates`, one document per channel and person. Rows are changed by `$max`, `$set` and
/// `$inc`, each atomic on its document. On servers whose updates are not atomic (FerretDB reads, changes and
/// writes back) two nodes may undo each other's change of one row; those of one node cannot, since they take
/// turns. @see docs/storage.md#member-states
class MemberStore final : public warren::MemberStore {
public:
    /// `database` outlives this.
    explicit MemberStore(Database& database) : database_(database) {}

    Task<Result<void>> merge(std::vector<MemberUpdate> updates, Deadline deadline) override;
    Task<Result<std::vector<MemberState>>> at(std::vector<MemberKey> keys, Deadline deadline) override;

private:
    Database& database_;
    std::mutex turn_;  // Held by threads of the database, never across a co_await.
};

}  // namespace warren::adapters::mongo
