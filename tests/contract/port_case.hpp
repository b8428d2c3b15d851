#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <random>
#include <string>

#include "base/deadline.hpp"
#include "model/ids.hpp"
#include "tests/support/run_task.hpp"

namespace warren::testing {

/// One adapter of a port, for the contract suites in this folder. They are value-parameterised; an adapter
/// instantiates one with
///
///     INSTANTIATE_TEST_SUITE_P(Sqlite, EntryStoreContract, ::testing::Values(PortCase<EntryStore>{
///         "sqlite", {}, [] { return make_fresh_store(); }}), case_name<EntryStore>);
///
/// Each test uses ids (and names, addresses, keys) of its own, so one database may serve them all.
template <class Port>
struct PortCase {
    /// Letters, digits and `_`.
    std::string name;
    /// Called first; may GTEST_SKIP() or FAIL(), as WARREN_REQUIRE_SERVER does. May be empty.
    std::function<void()> require;
    /// The adapter, made for each test; what it stands on lives as long as the pointer.
    std::function<std::shared_ptr<Port>()> make;

    friend void PrintTo(const PortCase& c, std::ostream* out) { *out << c.name; }
};

template <class Port>
std::string case_name(const ::testing::TestParamInfo<PortCase<Port>>& info) {
    return info.param.name;
}

/// What the suites share: the adapter under test and fresh ids.
template <class Port>
class PortContract : public ::testing::TestWithParam<PortCase<Port>> {
protected:
    void SetUp() override {
        if (this->GetParam().require) this->GetParam().require();
        if (this->IsSkipped() || this->HasFatalFailure()) return;
        port_ = this->GetParam().make();
        ASSERT_TRUE(port_);
    }
    Port& port() { return *port_; }

    template <class AnyId>
    static AnyId fresh() {
        static IdMaker maker(std::random_device{}() * 0x100000001ULL, std::random_device{}());
        return maker.make<AnyId>(
            std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    }
    static Deadline soon() { return {std::chrono::steady_clock::now() + std::chrono::seconds(30)}; }
    static Deadline past() { return {std::chrono::steady_clock::now() - std::chrono::seconds(1)}; }
    static WallTime time(std::int64_t milliseconds) {
        return WallTime(std::chrono::milliseconds(milliseconds));
    }

private:
    std::shared_ptr<Port> port_;
};

}  // namespace warren::testing
