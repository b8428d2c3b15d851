#include <algorithm>

#include "base/log.hpp"
#include "gateway/core.hpp"

namespace warren::gateway {
namespace {

constexpr std::chrono::milliseconds kWatchPeriod{1000};
/// How long past its deadline a call may still answer by itself.
constexpr std::chrono::milliseconds kGrace{1000};
constexpr std::size_t kRecheckBatch = 500;
constexpr std::chrono::seconds kStoreTimeout{10};
/// A check that failed is repeated sooner than the next is due.
constexpr std::chrono::seconds kRecheckAgain{5};

/// Answers for calls that overran their deadline: a client without time-outs would wait for ever.
void answer_overdue(Core& core) {
    while (!core.unanswered.empty()) {
        const auto call = core.unanswered.front().lock();
        if (call && !call->deadline().passed(core.now() - kGrace)) return;
        if (call) {
            log::warn("event_overdue", {{"event", call->verb().name}});
            call->answer(Error(Errc::timed_out));
        } else {
            core.unanswered.pop_front();
        }
    }
}

/// A person or an address without connections is forgotten once forgetting changes none of their rates.
void forget_absent(Core& core) {
    const auto now = core.now();
    std::erase_if(core.users, [now](auto& item) {
        return item.second.connections == 0 && item.second.rates.is_full(now);
    });
    std::erase_if(core.addresses, [now](auto& item) {
        return item.second->connections == 0 && item.second->events.is_full(now);
    });
}

Task<Result<void>> recheck_batch(std::shared_ptr<Core> core, std::vector<std::shared_ptr<Client>> batch) {
    std::vector<chat::SessionKey> sessions;
    for (const auto& client : batch)
        sessions.push_back({client->session(), client->user()});
    auto asking =
        core->accounts.standing(std::move(sessions), core->chat.environment().clock.in(kStoreTimeout));
    WARREN_CO_TRY(alive, co_await std::move(asking));
    std::sort(alive.begin(), alive.end());
    for (const auto& client : batch) {
        if (!std::binary_search(alive.begin(), alive.end(), client->session())) client->signed_out();
    }
    co_return Result<void>();
}

}  // namespace

Task<bool> recheck(std::shared_ptr<Core> core) {
    std::vector<std::shared_ptr<Client>> all;
    for (const auto& [address, weak] : core->clients) {
        if (auto client = weak.lock()) all.push_back(std::move(client));
    }
    for (std::size_t from = 0; from < all.size(); from += kRecheckBatch) {
        const auto to = std::min(all.size(), from + kRecheckBatch);
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(from);
        const auto last = all.begin() + static_cast<std::ptrdiff_t>(to);
        auto checking = recheck_batch(core, {first, last});
        const auto checked = co_await std::move(checking);
        if (!checked) {
            log::warn("session_recheck_failed", {{"error", checked.error().message}});
            co_return false;
        }
    }
    co_return true;
}

Task<void> watch(std::shared_ptr<Core> core) {
    auto due = core->now() + core->options.recheck_period;
    bool bus_was_up = true;
    while (!core->stopped) {
        auto sleeping = core->chat.environment().clock.sleep_until(core->now() + kWatchPeriod);
        co_await std::move(sleeping);
        if (core->stopped) co_return;
        answer_overdue(*core);
        forget_absent(*core);
        const bool bus_is_up = core->chat.delivery().bus_is_up();
        // A sign-out told on the bus while it was away reached nobody.
        const bool came_back = bus_is_up && !std::exchange(bus_was_up, bus_is_up);
        if (!came_back && core->now() < due) continue;
        const auto began = core->now();
        auto checking = recheck(core);
        const bool checked = co_await std::move(checking);
        const auto period = core->options.recheck_period;
        due = checked ? began + period : core->now() + std::min(period, kRecheckAgain);
    }
}

}  // namespace warren::gateway
