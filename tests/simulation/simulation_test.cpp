#include <gtest/gtest.h>

#include <cstdlib>

#include "base/log.hpp"
#include "chat/rules.hpp"
#include "tests/simulation/breaches.hpp"
#include "tests/simulation/cluster.hpp"

namespace warren::simulation {
namespace {

using chat::Rule;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string replay_of(std::uint64_t seed) {
    return "\nreplay: WARREN_SIM_FROM=" + std::to_string(seed) +
           " WARREN_SIM_SEEDS=1 WARREN_SIM_TRACE=1 simulation_test --gtest_filter='*EverySeed*'";
}

class Simulation : public ::testing::Test {
protected:
    void SetUp() override { log::configure(log::Level::off, log::Format::text); }
    void TearDown() override { log::configure(log::Level::info, log::Format::text); }
};

TEST_F(Simulation, EverySeedKeepsTheGuarantees) {
    const auto first = from_environment("WARREN_SIM_FROM", 1);
    const auto count = from_environment("WARREN_SIM_SEEDS", 2'000);
    const bool trace = from_environment("WARREN_SIM_TRACE", 0) != 0;
    for (const auto& failure : failures_among(first, count, 5, trace))
        ADD_FAILURE() << "seed " << failure.seed << failure.what << replay_of(failure.seed);
}

TEST_F(Simulation, WhatCanBeNoticedHealsWithinTenSeconds) {
    const auto count = from_environment("WARREN_SIM_SEEDS", 2'000) / 4;
    for (const auto& failure : failures_among(kNoticeableFrom, count, 5))
        ADD_FAILURE() << "seed " << failure.seed << failure.what << replay_of(failure.seed);
}

/// A rule that can be left out without any seed failing proves nothing: either the faults are too weak, or it
/// is not needed.
struct RuleCase {
    Rule rule;
    const char* name;
    std::uint64_t from;  ///< The seeds that are tried.
};
void PrintTo(const RuleCase& c, std::ostream* out) {
    *out << c.name;
}

class SimulationWithoutRule : public Simulation, public ::testing::WithParamInterface<RuleCase> {
protected:
    void SetUp() override {
        Simulation::SetUp();
        if (std::getenv("WARREN_SIM_SEEDS")) GTEST_SKIP() << "only with the default number of seeds";
        chat::switch_rule(GetParam().rule, false);
    }
    void TearDown() override {
        chat::switch_rule(GetParam().rule, true);
        Simulation::TearDown();
    }
};

TEST_P(SimulationWithoutRule, SomeSeedFails) {
    const auto count = from_environment("WARREN_SIM_RULE_SEEDS", 3'000);
    const auto failures = failures_among(GetParam().from, count, 1);
    ASSERT_FALSE(failures.empty()) << "nothing among " << count << " seeds needs this rule";
    const auto& first = failures.front();
    std::printf("without %s: seed %llu%s\n", GetParam().name, static_cast<unsigned long long>(first.seed),
                first.what.substr(0, 400).c_str());
}

#define WARREN_RULE(name, from) \
    RuleCase {                  \
        Rule::name, #name, from \
    }
constexpr auto kAny = 1;
constexpr auto kCalm = kNoticeableFrom;
const std::vector<RuleCase> kRules{
    WARREN_RULE(retry_empty_read, kCalm),  WARREN_RULE(refuse_stale_head, kAny),
    WARREN_RULE(refuse_stale_stays, kAny), WARREN_RULE(look_up_nonces, kAny),
    WARREN_RULE(merge_equal_nonces, kAny), WARREN_RULE(recheck_membership, kAny),
    WARREN_RULE(project_before_ack, kAny), WARREN_RULE(drop_repeats, kAny),
    WARREN_RULE(wait_for_gaps, kAny),      WARREN_RULE(deliver_by_membership, kAny),
    WARREN_RULE(audit_periodically, kAny), WARREN_RULE(audit_on_up, kCalm),
    WARREN_RULE(audit_on_beats, kCalm),    WARREN_RULE(wait_for_bindings, kCalm),
    WARREN_RULE(hold_during_sync, kAny),   WARREN_RULE(announce_again, kCalm),
    WARREN_RULE(follow_up, kCalm),         WARREN_RULE(recheck_targets, kAny),
    WARREN_RULE(see_own_batch, kAny),      WARREN_RULE(note_before_delete, kAny),
    WARREN_RULE(blank_before_ack, kAny),   WARREN_RULE(sweep_notes, kAny),
    WARREN_RULE(hide_deleted, kAny),       WARREN_RULE(hide_from_joiners, kAny),
    WARREN_RULE(begin_later_first, kAny),  WARREN_RULE(finish_removals, kAny)};
#undef WARREN_RULE

INSTANTIATE_TEST_SUITE_P(Chat, SimulationWithoutRule, ::testing::ValuesIn(kRules),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Rules, EachIsInTheTable) {
    EXPECT_EQ(kRules.size(), static_cast<std::size_t>(chat::kRuleCount));
}

}  // namespace
}  // namespace warren::simulation
