#pragma once
#include "adapters/sqlite/database.hpp"
#include "ports/member_store.hpp"

namespace warren::adapters::sqlite {

/// Table `member_states`. `database` outlives it and its calls. @see docs/storage.md#member-states
class MemberStore final : public warren::MemberStore {
public:
    explicit MemberStore(Database& database) : database_(database) {}

    Task<Result<void>> merge(std::vector<MemberUpdate> updates, Deadline deadline) override;
    Task<Result<std::vector<MemberState>>> at(std::vector<MemberKey> keys, Deadline deadline) override;

private:
    Database& database_;
};

}  // namespace warren::adapters::sqlite
