#include "tests/support/real_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace warren::testing {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// A recipe's exit status where its server is not installed.
constexpr int kNotInstalled = 127;

struct NotInstalled : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct KindTraits {
    std::string_view recipe;
    std::string_view required_as;
    std::string_view url_before_port;
    std::string_view url_after_port;
    std::string_view hello;  // What a client says first; any answer to it means ready.
};

// OP_MSG with {hello: 1, $db: "admin"}.
constexpr auto kMongoHello =
    "\x34\0\0\0\1\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0"
    "\x1f\0\0\0\x10hello\0\1\0\0\0\x02$db\0\6\0\0\0admin\0\0"sv;

constexpr std::array<KindTraits, 3> kTraits{{
    {"rabbitmq", "rabbitmq", "amqp://guest:guest@127.0.0.1:", "", "AMQP\0\0\x09\x01"sv},
    {"mongodb", "mongo", "mongodb://127.0.0.1:", "/", kMongoHello},
    {"redis", "redis", "redis://127.0.0.1:", "", "PING\r\n"},
}};

const KindTraits& traits_of(ServerKind kind) {
    return kTraits[static_cast<std::size_t>(kind)];
}

std::filesystem::path source_folder() {
    return WARREN_SOURCE_DIR;
}

std::filesystem::path new_log(std::string_view kind) {
    static int number = 0;
    const char* given = std::getenv("WARREN_TEST_LOGS");
    auto folder = given != nullptr ? std::filesystem::path(given) : source_folder() / "build/test-logs";
    folder /= std::filesystem::read_symlink("/proc/self/exe").filename();
    std::filesystem::create_directories(folder);
    auto log = folder / (std::string(kind) + "-" + std::to_string(++number) + ".log");
    std::ofstream(log, std::ios::trunc);
    return std::filesystem::absolute(log);
}

std::string end_of(const std::filesystem::path& log) {
    std::ifstream file(log);
    std::ostringstream text;
    text << file.rdbuf();
    const auto all = text.str();
    return all.substr(all.size() - std::min<std::size_t>(all.size(), 1500));
}

std::string url_of(ServerKind kind, std::uint16_t port) {
    const auto& traits = traits_of(kind);
    return std::string(traits.url_before_port) + std::to_string(port) + std::string(traits.url_after_port);
}

int connect_to(std::uint16_t port) {
    const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{1, 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return connection;
    ::close(connection);
    return -1;
}

}  // namespace

RealServer::RealServer(ServerKind kind)
    : kind_(kind), port_(free_port()), log_(new_log(traits_of(kind).recipe)), folder_(std::in_place) {
    url_ = url_of(kind, port_);
    std::filesystem::create_symlink(log_, folder_->path() / "log");
    start();
}

RealServer::~RealServer() {
    if (!is_ours()) return;
    stop();
    if (::testing::UnitTest::GetInstance()->Failed()) return;
    std::error_code ignored;
    std::filesystem::remove(log_, ignored);
    std::filesystem::remove(log_.parent_path(), ignored);  // Only where it is empty.
}

void RealServer::start() {
    const auto recipe = source_folder() / "tests/support" / traits_of(kind_).recipe;
    const ChildProcess::Options options{
        {recipe.string(), folder_->path().string(), std::to_string(port_)}, {}, log_};
    process_.emplace(options);
    const bool ended_or_answers = wait_until([this] { return !process_->running() || answers(); }, 120s);
    if (ended_or_answers && process_->running()) return;
    if (process_->wait(0ms) == kNotInstalled) throw NotInstalled(end_of(log_));
    throw std::runtime_error(std::string(traits_of(kind_).recipe) + " did not start: " + end_of(log_));
}

void RealServer::stop() {
    if (process_) process_->terminate(30s);
    process_.reset();
}

void RealServer::kill() {
    if (process_) process_->kill();
    process_.reset();
    // What the recipe started dies with it, but a moment later.
    wait_until([this] { return !answers(); }, 10s);
}

void RealServer::restart() {
    stop();
    start();
}

bool RealServer::answers() const {
    const int connection = connect_to(port_);
    if (connection < 0) return false;
    const auto hello = traits_of(kind_).hello;
    char answer = 0;
    const bool result = ::send(connection, hello.data(), hello.size(), MSG_NOSIGNAL) == std::ssize(hello) &&
                        ::recv(connection, &answer, 1, 0) == 1;
    ::close(connection);
    return result;
}

std::unique_ptr<RealServer> RealServer::make_shared(ServerKind kind) {
    const char* given = std::getenv("WARREN_TEST_MONGODB_URL");
    if (kind == ServerKind::mongodb && given != nullptr && *given != '\0') {
        return std::unique_ptr<RealServer>(new RealServer(std::string(given)));
    }
    return std::make_unique<RealServer>(kind);
}

RealServer& RealServer::shared(ServerKind kind) {
    // Destroyed after main, so that the servers stop when the last test has run.
    static std::map<ServerKind, std::unique_ptr<RealServer>> servers;
    auto& server = servers[kind];
    if (!server) server = make_shared(kind);
    return *server;
}

std::optional<std::string> RealServer::missing(ServerKind kind) {
    static std::map<ServerKind, std::string> known;
    if (const auto found = known.find(kind); found != known.end()) return found->second;
    try {
        shared(kind);
        return std::nullopt;
    } catch (const NotInstalled& error) {
        return known[kind] = error.what();
    }
}

bool RealServer::required(ServerKind kind) {
    const char* required = std::getenv("WARREN_REQUIRE");
    const auto list = "," + std::string(required != nullptr ? required : "") + ",";
    return list.find("," + std::string(traits_of(kind).required_as) + ",") != std::string::npos;
}

std::string unique_name(const std::string& prefix) {
    static int number = 0;
    return prefix + "_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
}

}  // namespace warren::testing
