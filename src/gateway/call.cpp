#include "gateway/call.hpp"

#include "base/log.hpp"
#include "gateway/core.hpp"
#include "gateway/encode.hpp"

namespace warren::gateway {
namespace {

Task<void> run(std::shared_ptr<Call> call, Doing doing) {
    try {
        auto handling = doing(*call);
        auto data = co_await std::move(handling);
        call->answer(std::move(data));
    } catch (const std::exception& e) {
        log::error("event_failed", {{"event", call->verb().name}, {"error", e.what()}});
        call->answer(Error(Errc::internal));
    }
}

}  // namespace

Call::Call(std::shared_ptr<Core> core, std::shared_ptr<Client> client, const Verb& verb, socketio::Ack ack)
    : core_(std::move(core)),
      client_(std::move(client)),
      verb_(verb),
      ack_(std::move(ack)),
      began_(core_->now()) {
    deadline_ = {began_ + core_->options.event_timeout};
    place_ = core_->unanswered.end();
}

chat::Chat& Call::chat() {
    return core_->chat;
}

const std::string& Call::node_name() const {
    return core_->options.node_name;
}

void Call::enlist() {
    place_ = core_->unanswered.insert(core_->unanswered.end(), weak_from_this());
}

Result<void> Call::take_rates() {
    const auto& options = core_->options;
    const auto user = core_->users.find(client_->user());
    if (user != core_->users.end())
        WARREN_TRY_VOID(user->second.rates.take(options.user_rates, verb_.rate, began_));
    return client_->address().events.take(options.address_rate, began_);
}

void Call::start(Doing doing) {
    enlist();
    core_->counts.events(verb_).Increment();
    if (auto allowed = take_rates(); !allowed) {
        answer(std::move(allowed).error());
        return;
    }
    spawn(core_->chat.executor(), verb_.name, run(shared_from_this(), std::move(doing)));
}

bool Call::answer(Result<std::string> data) {
    if (std::exchange(answered_, true)) return false;
    core_->unanswered.erase(place_);
    const std::chrono::duration<double> took = core_->now() - began_;
    core_->counts.seconds.Observe(took.count());
    core_->counts.answers(data ? "ok" : info(data.error().code).wire_name).Increment();
    std::string json;
    if (ack_) json = data ? success_json(*data) : error_json(data.error());
    core_->outbox->put(client_, Reply{std::move(ack_), std::move(json)});
    return true;
}

}  // namespace warren::gateway
