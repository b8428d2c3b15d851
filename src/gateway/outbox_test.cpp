#include "gateway/outbox.hpp"

#include <gmock/gmock.h>

#include "gateway/fixture_test.hpp"

namespace warren::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using OutboxTest = GatewayTest;

TEST_F(OutboxTest, AnswersAndPushesKeepTheOrderInWhichChatMadeThem) {
    const std::vector<ConnectionPtr> connections{connect(0), connect(1), connect(2), connect(1)};
    for (int round = 0; round < 50; ++round) {
        on(chat_shard(), [&] {
            for (const auto& connection : connections) {
                auto client = client_of(*connection);
                client->push(push_of("first"));
                call_of(client, connection)->answer(std::string("\"answer\""));
                client->push(push_of("second"));
                client->resync({});
            }
        });
    }
    for (const auto& connection : connections) {
        ASSERT_TRUE(eventually([&] { return connection->said().size() == 200; }));
        const auto said = connection->said();
        for (std::size_t i = 0; i < said.size(); i += 4) {
            const std::vector<std::string> round(said.begin() + static_cast<long>(i),
                                                 said.begin() + static_cast<long>(i + 4));
            ASSERT_THAT(round, ElementsAre(HasSubstr("first"), HasSubstr("answer"), HasSubstr("second"),
                                           HasSubstr("resync")));
        }
    }
}

TEST_F(OutboxTest, AClientLivesUntilWhatWasPutForItHasComeOut) {
    const auto connection = connect(1);
    const std::weak_ptr<Client> client = client_of(*connection);
    std::promise<void> go_on;
    shards_[1]->post([&] { go_on.get_future().wait(); });
    on(chat_shard(), [&] { client.lock()->push(push_of("last")); });
    connection->context() = nullptr;
    EXPECT_TRUE(eventually([&] { return gateway_->connection_count() == 0; }));
    EXPECT_FALSE(client.expired());
    go_on.set_value();
    EXPECT_TRUE(eventually([&] { return client.expired(); }));
    EXPECT_THAT(connection->said(), ElementsAre(HasSubstr("last")));
}

TEST_F(OutboxTest, WhatWaitsWhenTheNodeStopsKeepsNoClientAlive) {
    const auto connection = connect(1);
    const std::weak_ptr<Client> client = client_of(*connection);
    on(chat_shard(), [&] {
        client.lock()->signed_out();
        chat_shard().io().stop();
    });
    stop();
    connection->context() = nullptr;
    EXPECT_TRUE(client.expired());
}

}  // namespace
}  // namespace warren::gateway::testing
