#pragma once
#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ports/message_bus.hpp"
#include "tests/support/run_task.hpp"

namespace warren::testing {

/// Keeps what one node receives; `wait` returns once `condition` holds of it, or false after 30 s.
class RecordingListener final : public BusListener {
public:
    void on_message(BusMessage message) override {
        note([&] { messages_.push_back(std::move(message)); });
    }
    void on_control(ControlMessage message) override {
        note([&] { controls_.push_back(message); });
    }
    void on_down() override {
        note([&] { states_ += 'd'; });
    }
    void on_up() override {
        note([&] { states_ += 'u'; });
    }

    bool wait(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(30)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, condition);
    }
    bool wait_for_states(const std::string& states) {
        return wait([&] { return states_.starts_with(states); });
    }
    bool wait_until_up() {
        return wait([&] { return states_.ends_with('u'); });
    }
    /// The channel's announced seqs, in the order of their arrival.
    std::vector<Seq> seqs(ChannelId channel) {
        const std::lock_guard lock(mutex_);
        return seqs_locked(channel);
    }
    bool wait_for_seq(ChannelId channel, Seq seq) {
        return wait([&] {
            const auto all = seqs_locked(channel);
            return std::find(all.begin(), all.end(), seq) != all.end();
        });
    }
    template <class Control>
    std::vector<Control> controls() {
        const std::lock_guard lock(mutex_);
        return controls_locked<Control>();
    }
    bool wait_for_beat(NodeId node, std::uint64_t number) {
        return wait([&] {
            for (const auto& beat : controls_locked<Beat>())
                if (beat.node == node && beat.number == number) return true;
            return false;
        });
    }
    template <class Message>
    std::optional<Message> wait_for() {
        std::optional<Message> found;
        wait([&] {
            for (const auto& message : messages_)
                if (const auto* told = std::get_if<Message>(&message)) found = *told;
            return found.has_value();
        });
        return found;
    }
    EntryPtr entry(ChannelId channel, Seq seq) {
        const std::lock_guard lock(mutex_);
        for (const auto& message : messages_) {
            const auto* announced = std::get_if<EntryAnnounced>(&message);
            if (announced && announced->entry->channel == channel && announced->entry->seq == seq)
                return announced->entry;
        }
        return nullptr;
    }
    std::string states() {
        const std::lock_guard lock(mutex_);
        return states_;
    }
    std::size_t calls() {
        const std::lock_guard lock(mutex_);
        return messages_.size() + controls_.size() + states_.size();
    }

private:
    void note(const std::function<void()>& add) {
        const std::lock_guard lock(mutex_);
        add();
        changed_.notify_all();
    }
    std::vector<Seq> seqs_locked(ChannelId channel) const {
        std::vector<Seq> found;
        for (const auto& message : messages_) {
            if (const auto* head = std::get_if<HeadAnnounced>(&message)) {
                if (head->channel == channel) found.push_back(head->seq);
            } else if (const auto* announced = std::get_if<EntryAnnounced>(&message)) {
                if (announced->entry->channel == channel) found.push_back(announced->entry->seq);
            }
        }
        return found;
    }
    template <class Control>
    std::vector<Control> controls_locked() const {
        std::vector<Control> found;
        for (const auto& message : controls_)
            if (const auto* one = std::get_if<Control>(&message)) found.push_back(*one);
        return found;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<BusMessage> messages_;
    std::vector<ControlMessage> controls_;
    std::string states_;
};

/// One node's end of the bus with a thread of its own for its executor.
class BusNode {
public:
    explicit BusNode(std::shared_ptr<MessageBus> bus) : bus_(std::move(bus)) {}
    ~BusNode() {
        stop();
        end_loop();
    }
    void start() {
        bus_->start(io_.get_executor(), heard);
        started_ = true;
        if (!loop_.joinable()) run_loop();
    }
    /// As `start`, but nothing that is received is handled before `run_loop`.
    void start_paused() {
        bus_->start(io_.get_executor(), heard);
        started_ = true;
    }
    /// Handles what waits now, on this thread. Only while paused.
    void run_pending() { io_.poll(); }
    void run_loop() {
        loop_ = std::thread([this] { io_.run(); });
    }
    void stop() {
        if (!started_) return;
        started_ = false;
        run_task(bus_->stop());
    }
    MessageBus& bus() { return *bus_; }

    Result<void> publish(std::vector<BusKey> keys, BusMessage message) {
        return run_task(bus_->publish(std::move(keys), std::move(message), soon()));
    }
    Result<void> barrier() { return run_task(bus_->barrier(soon())); }
    Result<void> bind(BusKey key) {
        bus_->bind(key);
        return barrier();
    }
    Result<void> unbind(BusKey key) {
        bus_->unbind(key);
        return barrier();
    }
    static Deadline soon() { return {std::chrono::steady_clock::now() + std::chrono::seconds(30)}; }

    RecordingListener heard;

private:
    void end_loop() {
        work_.reset();
        io_.stop();
        if (loop_.joinable()) loop_.join();
    }

    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
    std::shared_ptr<MessageBus> bus_;
    std::thread loop_;
    bool started_ = false;
};

}  // namespace warren::testing
