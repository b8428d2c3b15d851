#include "adapters/mongo/database.hpp"

#include <algorithm>
#include <string_view>

#include "adapters/mongo/schema.hpp"
#include "base/log.hpp"

namespace warren::adapters::mongo {
namespace {

void forward_log(mongoc_log_level_t level, const char* domain, const char* message, void*) {
    // Its warnings come with a failed call, which is logged by itself.
    const auto as = level < MONGOC_LOG_LEVEL_WARNING ? log::Level::warn : log::Level::debug;
    log::write(as, "libmongoc", {{"domain", domain}, {"message", message}});
}

// Once per process; mongoc_cleanup is not called, since other users of the library may outlive us.
void start_driver() {
    static const bool kStarted = [] {
        mongoc_init();
        mongoc_log_set_handler(forward_log, nullptr);
        return true;
    }();
    static_cast<void>(kStarted);
}

void set_default(mongoc_uri_t& uri, const char* option, std::int32_t value) {
    if (!mongoc_uri_has_option(&uri, option)) mongoc_uri_set_option_as_int32(&uri, option, value);
}

// Durability and order are Warren's promise, so the URL cannot weaken the concerns.
void set_concerns(mongoc_uri_t& uri) {
    auto* read = mongoc_read_concern_new();
    mongoc_read_concern_set_level(read, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_uri_set_read_concern(&uri, read);
    mongoc_read_concern_destroy(read);
    auto* from = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc_uri_set_read_prefs_t(&uri, from);
    mongoc_read_prefs_destroy(from);
    auto* write = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(write, 0);
    mongoc_write_concern_set_journal(write, true);
    mongoc_uri_set_write_concern(&uri, write);
    mongoc_write_concern_destroy(write);
}

// The connection of Database::watch.
constexpr std::size_t kWatching = 1;

void set_limits(mongoc_uri_t& uri, const Options& options) {
    const auto silence = static_cast<std::int32_t>(options.silence_max.count());
    const auto selection = static_cast<std::int32_t>(options.selection_max.count());
    set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, silence);
    set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, std::max(selection, 1000));
    set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, selection);
    mongoc_uri_set_option_as_int32(&uri, MONGOC_URI_MAXPOOLSIZE,
                                   static_cast<std::int32_t>(options.connections_max + kWatching));
    if (mongoc_uri_get_appname(&uri) == nullptr) mongoc_uri_set_appname(&uri, "warren");
}

bool is_database_name(std::string_view name) {
    return !name.empty() && name.size() < 64 &&
           name.find_first_of(std::string_view("/\\. \"$*<>:|?\0", 13)) == std::string_view::npos;
}

std::string hosts_of(const mongoc_uri_t& uri) {
    std::string out;
    for (const auto* host = mongoc_uri_get_hosts(&uri); host != nullptr; host = host->next) {
        if (!out.empty()) out += ", ";
        out += host->host_and_port;
    }
    return out.empty() ? std::string("the hosts of ") + mongoc_uri_get_srv_hostname(&uri) : out;
}

// "msg" is what a router of a sharded cluster says.
Result<void> greet(Call& call) {
    Document hello;
    hello.add("hello", 1);
    WARREN_TRY(reply, call.ask(hello));
    Fields fields(*reply.get());
    if (!fields.has("setName") && !fields.has("msg")) {
        log::warn("mongodb_not_replicated",
                  {{"meaning", "one server alone: what its disk loses is lost, and nothing takes over"}});
    }
    return {};
}

Result<void> greet_and_check(Call& call) {
    WARREN_TRY_VOID(greet(call));
    return check_schema(call);
}

Result<void> greet_and_prepare(Call& call) {
    WARREN_TRY_VOID(greet(call));
    return prepare_schema(call);
}

}  // namespace

Result<std::unique_ptr<Database>> connect(Options options) {
    start_driver();
    if (!is_database_name(options.database))
        return Error(Errc::invalid, "mongodb.database is not a name that MongoDB allows.");
    bson_error_t failure;
    auto driver = std::make_unique<Driver>();
    driver->uri.reset(mongoc_uri_new_with_error(options.url.c_str(), &failure));
    // libmongoc's own message may quote the URL, and with it the password.
    if (!driver->uri) {
        return Error(
            Errc::invalid,
            "mongodb.url is not a MongoDB URL: write mongodb://USER:PASSWORD@HOST:27017/ (percent-encode "
            "special characters of the password), or mongodb+srv://HOST/.");
    }
    set_concerns(*driver->uri);
    set_limits(*driver->uri, options);
    driver->database = options.database;
    driver->pool.reset(mongoc_client_pool_new_with_error(driver->uri.get(), &failure));
    if (!driver->pool) {
        return Error(Errc::invalid,
                     "mongodb.url cannot be used: one of its options contradicts another, its TLS "
                     "files cannot be read, or its mongodb+srv name cannot be resolved.");
    }
    mongoc_client_pool_set_error_api(driver->pool.get(), MONGOC_ERROR_API_VERSION_2);
    return std::make_unique<Database>(std::move(driver), options);
}

void Database::watch(const std::stop_token& stop) {
    using namespace std::chrono_literals;
    while (driver_->pulse.wait_for_failure(stop) && driver_->pulse.pause(stop, 1s)) {
        auto ping = [](Call& call) -> Result<void> {
            Document command;
            command.add("ping", 1);
            WARREN_TRY_VOID(call.ask(command));
            return {};
        };
        static_cast<void>(attempt<Result<void>>({std::chrono::steady_clock::now() + 5s}, ping));
    }
}

Error Database::explain(Error error) const {
    const auto hosts = hosts_of(*driver_->uri);
    switch (error.code) {
        case Errc::unavailable:
            return {error.code,
                    "No MongoDB server that can be used answers at " + hosts +
                        ". Is it running, and is mongodb.url right (host, port, replicaSet, tls)?"};
        case Errc::timed_out:
            return {error.code, "MongoDB at " + hosts +
                                    " did not answer in time. Is it overloaded, or has its "
                                    "replica set no majority?"};
        case Errc::unauthenticated:
            return {error.code, "MongoDB at " + hosts +
                                    " refused the user name or the password in mongodb.url. "
                                    "Mend them there, or name the right authSource."};
        case Errc::forbidden:
            return {error.code, "MongoDB at " + hosts +
                                    " does not let the user of mongodb.url do that: give it "
                                    "the role readWrite on the database " +
                                    driver_->database + "."};
        default:
            return error;
    }
}

Task<Result<void>> Database::check(Deadline deadline) {
    auto work = [this, deadline]() -> Result<void> {
        return attempt<Result<void>>(deadline, greet_and_check);
    };
    auto running = run_until(threads_, deadline, std::move(work));
    auto result = co_await std::move(running);
    if (!result) co_return explain(result.error());
    co_return result;
}

Task<Result<void>> Database::prepare(Deadline deadline) {
    auto work = [this, deadline]() -> Result<void> {
        return attempt<Result<void>>(deadline, greet_and_prepare);
    };
    auto running = run_until(threads_, deadline, std::move(work));
    auto result = co_await std::move(running);
    if (!result) co_return explain(result.error());
    co_return result;
}

}  // namespace warren::adapters::mongo
