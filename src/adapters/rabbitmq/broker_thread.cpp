#include "adapters/rabbitmq/broker_thread.hpp"

#include <poll.h>
#include <pthread.h>

#include <algorithm>

#include "base/log.hpp"

namespace warren::rabbitmq {

BrokerThread::BrokerThread(Options options, std::shared_ptr<BusState> state)
    : options_(std::move(options)), state_(std::move(state)) {}

void BrokerThread::start() {
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), options_.name.substr(0, 15).c_str());
}

void BrokerThread::request_stop() {
    stopping_ = true;
    wake_->signal();
}

void BrokerThread::join() {
    request_stop();
    if (thread_.joinable()) thread_.join();
}

void BrokerThread::mark_up() {
    failures_ = 0;
    last_logged_.clear();
    log::info("rabbitmq_up", {{"connection", options_.name}});
    state_->set_up(options_.index);
}

void BrokerThread::mark_down(const Error& why) {
    state_->set_down(options_.index, why);
    // An address that stays away is said once, not with every attempt.
    if (why.message != last_logged_)
        log::warn("rabbitmq_down", {{"connection", options_.name}, {"why", why.message}});
    last_logged_ = why.message;
}

Result<void> BrokerThread::run_once() {
    const auto& address = options_.addresses[next_address_];
    next_address_ = (next_address_ + 1) % options_.addresses.size();
    WARREN_TRY(link, AmqpLink::open(address, options_.link));
    return serve(*link);
}

void BrokerThread::run() {
    while (!stopping_) {
        const auto ended = run_once();
        if (stopping_) break;
        const auto why = ended.has_error() ? ended.error() : Error(Errc::unavailable);
        mark_down(why);
        on_lost(why);
        pause();
    }
    on_lost(Error(Errc::unavailable, "The bus is stopped."));
}

void BrokerThread::pause() {
    // A broker with several addresses may be had at the next at once; a whole round of failures waits longer.
    const auto rounds = failures_++ / options_.addresses.size();
    const auto round_pause = std::chrono::milliseconds(100LL << std::min<std::size_t>(rounds, 10));
    const auto longest = std::min(options_.pause_max, round_pause);
    // All nodes lose a broker at the same instant; they must not all come back at the same instant.
    std::uniform_int_distribution<long> spread(longest.count() / 2, longest.count());
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(spread(random_));
    for (auto now = std::chrono::steady_clock::now(); now < until && !stopping_;
         now = std::chrono::steady_clock::now()) {
        pollfd waiting{wake_->fd(), POLLIN, 0};
        ::poll(&waiting, 1,
               static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count()));
        if (waiting.revents != 0) wake_->clear();
    }
}

}  // namespace warren::rabbitmq
