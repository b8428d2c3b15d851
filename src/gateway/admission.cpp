#include "base/log.hpp"
#include "gateway/core.hpp"

namespace warren::gateway {
namespace {

/// Counts an address's connection in; null where it has too many. It is counted out by the Registration.
std::shared_ptr<PerAddress> take_address(Core& core, const std::string& key) {
    auto& address = core.addresses[key];
    if (!address) address = std::make_shared<PerAddress>();
    const auto most = core.options.connections_per_address_max;
    if (most != 0 && address->connections >= most) return nullptr;
    ++address->connections;
    return address;
}

bool take_user(Core& core, const Client& client) {
    auto& user = core.users.try_emplace(client.user()).first->second;
    const auto most = core.options.connections_per_user_max;
    if (most != 0 && user.connections >= most) return false;
    ++user.connections;
    return true;
}

void leave(Core& core, const std::shared_ptr<Client>& client, PerAddress& address) {
    --address.connections;
    if (!client || core.clients.erase(client.get()) == 0) return;
    core.chat.delivery().disconnect(*client);
    core.outbox->keep(client);
    --core.users.at(client->user()).connections;
    core.counts.connections.Set(static_cast<double>(--core.connections));
}

}  // namespace

Registration::~Registration() {
    if (core_->stopped) return;
    // Always as a job of its own: chat may be in the middle of a round over its subscribers.
    core_->chat_shard.post([core = core_, client = std::move(client), address = std::move(address_)] {
        if (!core->stopped) leave(*core, client, *address);
    });
}

Task<Result<RegistrationPtr>> admit_client(std::shared_ptr<Core> core, http::Shard* shard, std::string token,
                                           std::string address_key) {
    if (core->draining || core->stopped) co_return Error(Errc::unavailable);
    const auto address = take_address(*core, address_key);
    if (!address) co_return Error(Errc::overloaded);
    auto registration = std::make_shared<Registration>(core, address);
    const auto by = core->chat.environment().clock.in(core->options.admission_timeout);
    auto& delivery = core->chat.delivery();
    const auto sign_outs = delivery.sign_outs();
    auto asking = core->accounts.who_connects(std::move(token), by);
    WARREN_CO_TRY(identity, co_await std::move(asking));

    auto client = std::make_shared<Client>(core, *shard, address, identity);
    if (!take_user(*core, *client)) co_return Error(Errc::overloaded);
    core->clients.emplace(client.get(), client);
    core->counts.connections.Set(static_cast<double>(++core->connections));
    registration->client = client;
    auto connecting = delivery.connect(client, by);
    WARREN_CO_TRY_VOID(co_await std::move(connecting));
    if (delivery.sign_outs() == sign_outs) co_return registration;
    // A sign-out between the first look and the registration told nobody of this connection.
    const auto& environment = core->chat.environment();
    auto checking = environment.users.existing_sessions({client->session()}, environment.clock.wall(), by);
    WARREN_CO_TRY(alive, co_await std::move(checking));
    if (alive.empty()) co_return Error(Errc::unauthenticated);
    co_return registration;
}

}  // namespace warren::gateway
