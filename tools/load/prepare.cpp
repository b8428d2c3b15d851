#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>

#include "adapters/local_bus/local_bus.hpp"
#include "app/config.hpp"
#include "app/secrets.hpp"
#include "app/stores.hpp"
#include "base/log.hpp"
#include "chat/accounts.hpp"
#include "chat/chat.hpp"
#include "load/people.hpp"
#include "load/sentence.hpp"
#include "ports/system_clock.hpp"

namespace warren::load {
namespace {

// Enough at once for a store that writes in groups to have full ones.
constexpr std::size_t kWorkers = 256;
constexpr std::chrono::minutes kTimeout{10};
constexpr std::chrono::hours kSessionLifetime{24 * 30};

app::Config config_of(const PrepareOptions& options) {
    app::ConfigInput input;
    input.file = options.config_file;
    input.environment = app::process_environment();
    if (!options.data_dir.empty()) input.flags.push_back({"store.data_dir", options.data_dir, "--data-dir"});
    auto loaded = app::load_config(input);
    if (!loaded.problems.empty()) throw std::runtime_error(loaded.problems.front());
    return loaded.config;
}

template <class T>
T value_of(Result<T> result, const char* doing) {
    if (!result) throw std::runtime_error(std::string(doing) + ": " + result.error().message);
    return std::move(*result);
}

/// A node without clients, over the stores of one that will run.
class Preparation {
public:
    Preparation(const PrepareOptions& options, const app::Config& config)
        : options_(options),
          secrets_(app::make_secrets(config)),
          stores_(value_of(app::open_stores(config, metrics_), "opening the stores")),
          ids_(secrets_->random_number(), static_cast<std::uint32_t>(secrets_->random_number())),
          environment_{stores_->entries(),
                       stores_->channels(),
                       stores_->members(),
                       stores_->users(),
                       stores_->blocks(),
                       bus_,
                       clock_,
                       ids_,
                       metrics_,
                       NodeId{},
                       {}},
          accounts_(environment_, *secrets_, kSessionLifetime),
          chat_(io_.get_executor(), environment_),
          people_(options.people),
          ids_of_people_(options.people) {}

    void run() {
        run_all("schema", 1, &Preparation::make_schema);
        run_all("people", options_.people, &Preparation::make_person);
        const auto groups = options_.people / options_.group_size * options_.groups_each;
        run_all("groups", groups, &Preparation::make_group);
        run_all("pairs", options_.people * options_.pairs_each / 2, &Preparation::make_pair);
        run_all("messages", channels_.size() * options_.history, &Preparation::say);
        write();
    }

private:
    using Step = Task<void> (Preparation::*)(std::size_t);

    /// Runs `step` for 0 .. count-1, many at once.
    void run_all(const char* what, std::size_t count, Step step) {
        next_ = 0;
        std::exception_ptr fault;
        const auto began = clock_.now();
        for (std::size_t i = 0; i < std::min(kWorkers, count); ++i) {
            auto keep = [&fault](std::exception_ptr failure) {
                if (failure) fault = failure;
            };
            asio::co_spawn(io_, work(count, step), keep);
        }
        io_.restart();
        io_.run();
        if (fault) std::rethrow_exception(fault);
        const std::chrono::duration<double> took = clock_.now() - began;
        if (count > 0) std::cerr << "prepare: " << count << " " << what << " in " << took.count() << " s\n";
    }

    Task<void> work(std::size_t count, Step step) {
        while (next_ < count) {
            auto doing = (this->*step)(next_++);
            co_await std::move(doing);
        }
    }

    Deadline deadline() const { return clock_.in(kTimeout); }

    Task<void> make_schema(std::size_t) {
        auto preparing = stores_->prepare(deadline());
        const auto prepared = co_await std::move(preparing);
        if (!prepared) throw std::runtime_error(prepared.error().message);
    }

    Task<void> make_person(std::size_t n) {
        Account account;
        const auto number = std::to_string(1'000'000'000 + secrets_->random_number() % 9'000'000'000);
        account.user.id = ids_.make<UserId>(clock_.wall());
        account.user.name = "Load " + std::to_string(n);
        account.user.email = account.user.id.hex() + "@load.invalid";
        account.user.phone = number;
        account.user.status = UserStatus::active;
        account.user.created_at = clock_.wall();
        ids_of_people_[n] = account.user.id;
        auto creating = environment_.users.create(std::move(account), deadline());
        const auto created = co_await std::move(creating);
        if (!created && created.error() == Errc::taken) {  // The random phone number is somebody's.
            auto again = make_person(n);
            co_return co_await std::move(again);
        }
        if (!created) throw std::runtime_error(created.error().message);
        auto signing_in = sign_in(n);
        co_await std::move(signing_in);
    }

    Task<void> sign_in(std::size_t n) {
        const auto token = secrets_->random_token();
        auto& person = people_[n];
        person.id = ids_of_people_[n].hex();
        person.token = accounts_.socket_token_of(token);
        Session session;
        session.token_hash = secrets_->hash_token(token);
        session.socket_token_hash = secrets_->hash_token(person.token);
        session.user = ids_of_people_[n];
        session.created_at = clock_.wall();
        session.expires_at = session.created_at + kSessionLifetime;
        auto putting = environment_.users.put_session(std::move(session), deadline());
        const auto put = co_await std::move(putting);
        if (!put) throw std::runtime_error(put.error().message);
    }

    void note(ChannelId channel, const std::vector<std::size_t>& members) {
        channels_.push_back({channel, members.front()});
        for (const auto member : members)
            people_[member].channels.push_back(channel.hex());
    }

    /// Round r joins people who are 1, 2, 4, ... apart, so that a person's groups have different members.
    Task<void> make_group(std::size_t n) {
        const auto per_round = options_.people / options_.group_size;
        const auto round = n / per_round, first = n % per_round;
        std::vector<std::size_t> members;
        chat::GroupDraft draft;
        for (std::size_t i = 0; i < options_.group_size; ++i) {
            const auto turned = first * options_.group_size + i + i * round * options_.group_size;
            members.push_back(turned % options_.people);
            draft.members.push_back(ids_of_people_[members.back()]);
        }
        draft.name = "Load " + std::to_string(n);
        auto making = chat_.create_group(ids_of_people_[members.front()], std::move(draft), deadline());
        note(value_of(co_await std::move(making), "making a group").channel, members);
    }

    Task<void> make_pair(std::size_t n) {
        const auto one = n % options_.people;
        const auto other = (one + 1 + n / options_.people) % options_.people;
        auto opening = chat_.open_pair(ids_of_people_[one], ids_of_people_[other], deadline());
        const std::vector<std::size_t> members{one, other};
        note(value_of(co_await std::move(opening), "opening a chat").channel, members);
    }

    Task<void> say(std::size_t n) {
        const auto& [channel, sender] = channels_[n / options_.history];
        chat::MessageDraft draft;
        draft.body.text = sentence(n, options_.message_bytes);
        auto sending = chat_.send_message(ids_of_people_[sender], channel, std::move(draft), deadline());
        const auto sent = co_await std::move(sending);
        if (!sent) throw std::runtime_error("writing history: " + sent.error().message);
    }

    void write() const {
        std::ofstream out(options_.out);
        for (const auto& person : people_) {
            boost::json::array channels(person.channels.begin(), person.channels.end());
            out << boost::json::serialize(boost::json::object{
                       {"id", person.id}, {"token", person.token}, {"channels", std::move(channels)}})
                << "\n";
        }
        if (!out.flush()) throw std::runtime_error("cannot write " + options_.out);
    }

    const PrepareOptions& options_;
    asio::io_context io_{1};
    Metrics metrics_;
    std::unique_ptr<Secrets> secrets_;
    std::unique_ptr<app::Stores> stores_;
    LocalBus bus_;
    SystemClock clock_;
    IdMaker ids_;
    chat::Environment environment_;
    chat::Accounts accounts_;
    chat::Chat chat_;
    std::vector<Person> people_;
    std::vector<UserId> ids_of_people_;
    std::vector<std::pair<ChannelId, std::size_t>> channels_;
    std::size_t next_ = 0;
};

}  // namespace

void prepare(const PrepareOptions& options) {
    log::configure(log::Level::warn, log::Format::text);
    const auto config = config_of(options);
    if (options.group_size < 2 || options.people < options.group_size) {
        throw std::runtime_error("there must be at least as many people as a group has, and two in a group");
    }
    Preparation(options, config).run();
}

}  // namespace warren::load
