#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/sqlite/nonces.hpp"
#include "adapters/sqlite/reader_pool.hpp"
#include "adapters/sqlite/recent.hpp"
#include "base/deadline.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"

namespace warren::adapters::sqlite {

/// Whether writes succeed; if not, what is wrong and what to do, for a person.
struct Health {
    bool ok = true;
    std::string reason;
};

/// One write that waits for its turn: the writer's view of it.
class Write {
public:
    Write(Deadline by, std::size_t size) : deadline(by), bytes(size) {}
    virtual ~Write() = default;
    /// Does its work inside the open transaction; whether to keep what it did.
    virtual bool execute(Connection& connection) = 0;
    virtual void fail(Error error) = 0;
    /// Hands the result over to the caller's executor.
    virtual void resolve() = 0;

    const Deadline deadline;
    const std::size_t bytes;
};

/// The one thread that writes. What waits is executed together in one transaction, each write in a savepoint
/// of its own so that one that is refused disturbs no other, then committed by one fsync, and only then
/// answered; meanwhile the next batch gathers. After any failure that is not about a key the connection is
/// closed, and nothing is written before it was opened again and its log moved into the file: a repeated
/// fsync proves nothing. Where the disk failed, the readers are shut until then, too. While it is broken it
/// tries again by itself. At most `queue_max` writes of together `queue_bytes_max` wait; beyond that a write
/// is refused with `overloaded`. @see docs/storage.md#sqlite
class Writer {
public:
    struct Options {
        std::size_t queue_max;
        std::size_t queue_bytes_max;
        std::size_t batch_max;
        std::chrono::milliseconds retry_every;
        int checkpoint_pages;
    };
    using Opener = std::function<Result<std::unique_ptr<Connection>>()>;

    /// `first` is the first connection, `open` makes a further one; the log of both was moved into the file.
    Writer(Options options, Opener open, std::unique_ptr<Connection> first, ReaderPool& readers,
           Recent& recent, Nonces& nonces, Metrics& metrics);
    /// Ends after all that was accepted.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Runs `f(connection)`, which returns a Result, in a transaction and resumes the caller on its own
    /// executor once that is durable. What `f` did is undone where it returns an error. `bytes` is about what
    /// it holds.
    /// @errors overloaded, timed_out (not executed), unavailable (outcome unknown), and whatever `f` returns
    template <class F>
    Task<std::invoke_result_t<F&, Connection&>> run(Deadline deadline, std::size_t bytes, F f) {
        using R = std::invoke_result_t<F&, Connection&>;
        auto initiate = [this, deadline, bytes, f = std::move(f)](auto handler) mutable {
            using Typed = TypedWrite<R, F, decltype(handler)>;
            enqueue(std::make_unique<Typed>(deadline, bytes, std::move(f), std::move(handler)));
        };
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(R)>(std::move(initiate),
                                                                                        asio::use_awaitable);
    }

    Health health() const;
    /// Where it is not busy, its thread soon gives back what it keeps in memory.
    void give_memory_back();

private:
    using Batch = std::vector<std::unique_ptr<Write>>;

    template <class R, class F, class Handler>
    class TypedWrite final : public Write {
    public:
        TypedWrite(Deadline by, std::size_t size, F f, Handler handler)
            : Write(by, size),
              executor_(asio::prefer(asio::get_associated_executor(handler),
                                     asio::execution::outstanding_work.tracked)),
              f_(std::move(f)),
              handler_(std::move(handler)) {}
        bool execute(Connection& connection) override {
            try {
                result_.emplace(f_(connection));
            } catch (const std::exception& e) {
                log::error("sqlite_write_threw", {{"error", e.what()}});
                result_.emplace(Error(Errc::internal));
            }
            return result_->has_value();
        }
        void fail(Error error) override { result_.emplace(std::move(error)); }
        void resolve() override {
            auto resume = [handler = std::move(handler_), result = std::move(*result_)]() mutable {
                std::move(handler)(std::move(result));
            };
            asio::post(executor_, std::move(resume));
        }

    private:
        using Executor =
            std::decay_t<decltype(asio::prefer(asio::get_associated_executor(std::declval<const Handler&>()),
                                               asio::execution::outstanding_work.tracked))>;
        Executor executor_;
        F f_;
        Handler handler_;
        std::optional<R> result_;
    };

    void enqueue(std::unique_ptr<Write> write);
    void loop();
    bool next_batch(Batch& batch);
    Result<void> commit(Batch& batch);
    Result<void> transact(Batch& batch);
    Result<void> execute(Write& write);
    void close_broken();
    void set_health(Health health);
    Result<void> scrub_if_due();
    void checkpoint_if_due();

    const Options options_;
    const Opener open_;
    ReaderPool& readers_;
    Recent& recent_;
    Nonces& nonces_;
    prometheus::Counter& writes_;
    prometheus::Counter& commits_;
    prometheus::Counter& failures_;
    prometheus::Histogram& commit_seconds_;

    // Of the writer's thread alone.
    std::unique_ptr<Connection> connection_;
    bool probing_ = false;
    int wal_pages_seen_ = 0;
    int checkpoint_due_;
    /// The write-ahead log holds what was to leave it; not tried again before then.
    std::optional<std::chrono::steady_clock::time_point> scrub_due_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::unique_ptr<Write>> queue_;
    std::size_t queue_bytes_ = 0;
    bool stopping_ = false;
    bool giving_back_ = false;
    Health health_;

    std::thread thread_;
};

}  // namespace warren::adapters::sqlite
