#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config_keys.hpp"

namespace warren::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ConfigTest : public testing::Test {
protected:
    ConfigTest() {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::path(testing::TempDir()) / (std::string("warren-config-") + info->name());
        std::filesystem::create_directories(folder_);
    }
    ~ConfigTest() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) {
        const auto path = (folder_ / name).string();
        std::ofstream(path) << text;
        return path;
    }
    LoadedConfig load_file(const std::string& text) {
        ConfigInput input;
        input.file = write("warren.toml", text);
        return load_config(input);
    }
    std::filesystem::path folder_;
};

std::string only_problem(const LoadedConfig& loaded) {
    return loaded.problems.size() == 1 ? loaded.problems[0] : testing::PrintToString(loaded.problems);
}

TEST_F(ConfigTest, DefaultsAreValidAndEveryKeyHasASectionAndAText) {
    const auto loaded = load_config({});
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.config.http_listen, "127.0.0.1:8080");
    EXPECT_EQ(loaded.config.limits_message, Bytes{16 * 1024});
    EXPECT_EQ(loaded.config.sessions_lifetime, 30 * 24h);
    EXPECT_EQ(loaded.config.limits_sign_in_per_account, (Rate{10, 60s}));
    std::set<std::string_view> names;
    for (const auto& key : config_keys()) {
        EXPECT_NE(key.name.find('.'), key.name.npos) << key.name;
        EXPECT_TRUE(key.text.ends_with('.')) << key.name;
        EXPECT_TRUE(names.insert(key.name).second) << key.name;
    }
}

TEST_F(ConfigTest, LaterLayersWin) {
    ConfigInput input;
    input.file =
        write("warren.toml", "[http]\nlisten = \"127.0.0.1:1\"\nshards = 3\n[log]\nlevel = \"warn\"\n");
    input.environment = {{"WARREN_HTTP_LISTEN", "127.0.0.1:2"}, {"WARREN_LOG_LEVEL", "error"}, {"HOME", "/"}};
    input.flags = {{"log.level", "debug", "--log-level"}};
    const auto loaded = load_config(input);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.config.http_shards, 3u);
    EXPECT_EQ(loaded.config.http_listen, "127.0.0.1:2");
    EXPECT_EQ(loaded.config.log_level, "debug");
    EXPECT_EQ(loaded.sources.at("http.shards"), input.file + ":3");
    EXPECT_EQ(loaded.sources.at("http.listen"), "$WARREN_HTTP_LISTEN");
    EXPECT_EQ(loaded.sources.at("log.level"), "--log-level");
}

TEST_F(ConfigTest, UnknownKeysAreRefusedWithLineAndNearestName) {
    const auto loaded = load_file("[http]\n\nlisen = \"127.0.0.1:1\"\n[limts]\nmessage = 5\nnonsense = 1\n");
    ASSERT_EQ(loaded.problems.size(), 3u);
    EXPECT_THAT(loaded.problems[0],
                HasSubstr("warren.toml:3: there is no key http.lisen; did you mean http.listen?"));
    EXPECT_THAT(loaded.problems[1],
                HasSubstr(":5: there is no key limts.message; did you mean limits.message?"));
    EXPECT_THAT(loaded.problems[2],
                HasSubstr(":6: there is no key limts.nonsense; docs/configuration.md lists"));
}

TEST_F(ConfigTest, InvalidValuesAreRefusedWithLineAndWhatWouldBeRight) {
    const struct {
        const char *text, *problem;
    } cases[] = {
        {"[http]\nshards = \"many\"",
         ":2: http.shards \"many\" is not a whole number; it takes a whole number from 0 to 256"},
        {"[http]\nshards = 1000", "http.shards \"1000\" is out of range"},
        {"[http]\nlisten = 8080", "http.listen \"8080\" is not a text in quotes"},
        {"[http]\nlisten = \"8080\"", "is not ADDRESS:PORT"},
        {"[http]\nlisten = \"::1:8080\"", "is not ADDRESS:PORT"},
        {"[http]\nsecure_cookies = \"yes\"", "is neither true nor false"},
        {"[rabbitmq]\nurls = \"amqp://a\"", "is not a list of texts"},
        {"[rabbitmq]\nurls = [1]", "rabbitmq.urls has an item that is not a text in quotes"},
        {"[http]\ncors_origin = \"a.example\"", "does not begin with https:// or http://"},
        {"[limits]\nmessage = \"5 parsecs\"", "is not a size"},
        {"[sessions]\nlifetime = \"1\"", "is not a duration"},
        {"[sessions]\nlifetime = \"500ms\"",
         "out of range; it takes a duration (`250ms`, `30s`, `10m`, `24h`, `30d`) from 1s to 400d"},
        {"[limits]\nsign_in_per_account = \"5\"", "is not a rate"},
        {"[limits]\nsign_in_per_account = \"0/1s\"", "is out of range"},
        {"[log]\nlevel = \"info|warn\"", "is not one of them; it takes one of debug, info, warn, error, off"},
        {"[log]\nlevel = 2024-01-01", "is neither a text, a number, true, false nor a list"},
        {"[mongodb]\nurl = \"http://x\"", "does not begin with mongodb:// or mongodb+srv://"},
        {"[node]\nname = \"a b\"", "other characters"},
        {"[http\n", "warren.toml:1: not TOML: "},
    };
    for (const auto& [text, problem] : cases)
        EXPECT_THAT(only_problem(load_file(text)), HasSubstr(problem)) << text;
}

TEST_F(ConfigTest, UnitsAreUnderstood) {
    const auto loaded = load_file(
        "[limits]\nmessage = \"2 KiB\"\nanswer = 100000\nheld = \"1MB\"\nsign_in_per_account = \"3/500ms\"\n"
        "[socketio]\nping_interval = \"1500ms\"\nping_timeout = \"2m\"\n");
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.config.limits_message.n, 2048u);
    EXPECT_EQ(loaded.config.limits_answer.n, 100'000u);
    EXPECT_EQ(loaded.config.limits_held.n, 1'000'000u);
    EXPECT_EQ(loaded.config.socketio_ping_interval, 1500ms);
    EXPECT_EQ(loaded.config.socketio_ping_timeout, 2min);
    EXPECT_EQ(loaded.config.limits_sign_in_per_account, (Rate{3, 500ms}));
}

TEST_F(ConfigTest, EnvironmentRefusesWhatLooksLikeOursAndIgnoresTheRest) {
    ConfigInput input;
    input.environment = {
        {"WARREN_PORT", "tcp://10.0.0.1:80"},       {"WARREN_REQUIRE", "redis"}, {"WARREN_SERVICE_HOST", "x"},
        {"WARREN_TEST_MONGODB_URL", "mongodb://x"}, {"WARREN_BIN", "x"},         {"WARREN_TEST_LOGS", "x"}};
    EXPECT_THAT(load_config(input).problems, IsEmpty());
    input.environment = {{"WARREN_HTTP_LISEN", "x"}};
    EXPECT_EQ(only_problem(load_config(input)),
              "$WARREN_HTTP_LISEN: there is no such setting; did you mean WARREN_HTTP_LISTEN?");
    input.environment = {{"WARREN_HTPP_LISTEN", "x"}};
    EXPECT_THAT(only_problem(load_config(input)), HasSubstr("did you mean WARREN_HTTP_LISTEN?"));
}

TEST_F(ConfigTest, SecretsComeFromFilesAndAreNeverShown) {
    ConfigInput input;
    input.file = write("warren.toml",
                       "[mongodb]\nurl_file = \"" + write("url", "mongodb://me:hunter2@db/\n") + "\"\n");
    input.environment = {
        {"WARREN_RABBITMQ_URLS_FILE", write("urls", "amqp://a:hunter2@b1 amqp://a:hunter2@b2\namqp://c\n")}};
    const auto loaded = load_config(input);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.config.mongodb_url, "mongodb://me:hunter2@db/");
    EXPECT_THAT(loaded.config.rabbitmq_urls,
                ElementsAre("amqp://a:hunter2@b1 amqp://a:hunter2@b2", "amqp://c"));
    const auto printed = print_config(loaded);
    EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
    EXPECT_THAT(printed, HasSubstr("url = \"********\"  # "));
}

TEST_F(ConfigTest, SecretsAreNotShownInErrorsOrTakenAsFlags) {
    ConfigInput input;
    input.flags = {{"mongodb.url", "mongodb://me:hunter2@db/", "--set"}};
    EXPECT_THAT(only_problem(load_config(input)), HasSubstr("--set: mongodb.url is a secret"));
    const auto bad = load_file("[mongodb]\nurl = \"postgres://me:hunter2@db/\"\n");
    EXPECT_THAT(only_problem(bad), Not(HasSubstr("hunter2")));
    const auto both =
        load_file("[mongodb]\nurl = \"mongodb://a\"\nurl_file = \"" + write("u", "mongodb://b\n") + "\"\n");
    EXPECT_THAT(only_problem(both), HasSubstr("are both given; keep one"));
    EXPECT_THAT(only_problem(load_file("[mongodb]\nurl_file = \"missing\"\n")), HasSubstr("No such file"));
    EXPECT_THAT(only_problem(load_file("[http]\nlisten_file = \"x\"\n")),
                HasSubstr("there is no key http.listen_file"));
}

TEST_F(ConfigTest, ValuesThatContradictEachOtherAreRefused) {
    EXPECT_THAT(only_problem(load_file("[rabbitmq]\nurls = [\"amqp://b\"]\n")),
                HasSubstr("warren.toml:2: rabbitmq.urls is for several nodes"));
    EXPECT_THAT(only_problem(load_file("[delivery]\nlarge_group_bind = 50\n")),
                HasSubstr("is below delivery.large_group_bind"));
    EXPECT_THAT(only_problem(load_file("[admin]\nlisten = \"127.0.0.1:8080\"\n")),
                HasSubstr("the same as http.listen"));
}

TEST_F(ConfigTest, TimesAndSizesThatContradictEachOtherAreRefused) {
    const struct {
        const char *text, *problem;
    } cases[] = {
        {"[typing]\nttl = \"2s\"", "typing.interval is not shorter than typing.ttl, so whoever is typing"},
        {"[typing]\ninterval = \"6s\"", ":2: typing.interval is not shorter than typing.ttl"},
        {"[limits]\nevent_timeout = \"150ms\"",
         "presence.answer_wait is not shorter than limits.event_timeout"},
        {"[presence]\nttl = \"2s\"", "presence.linger is not shorter than presence.ttl"},
        {"[deletion]\nsweep_notes_after = \"10s\"",
         "limits.event_timeout is not shorter than deletion.sweep_notes_after"},
        {"[socketio]\nframe_max = \"16 KiB\"\n[limits]\nmessage = \"17 KiB\"",
         ":4: limits.message is more than socketio.frame_max"},
        {"[limits]\nanswer = \"64 KiB\"\nmessage = \"65 KiB\"",
         ":3: limits.message is more than limits.answer"},
        {"[socketio]\nqueue_max = \"64 KiB\"", "limits.answer is more than socketio.queue_max"},
    };
    for (const auto& [text, problem] : cases)
        EXPECT_THAT(only_problem(load_file(text)), HasSubstr(problem)) << text;
}

TEST_F(ConfigTest, AMissingFileIsNamed) {
    ConfigInput input;
    input.file = (folder_ / "absent.toml").string();
    EXPECT_THAT(only_problem(load_config(input)), HasSubstr("absent.toml: No such file or directory"));
}

TEST_F(ConfigTest, WhatIsPrintedIsReadBackAsTheSame) {
    const auto first =
        load_file("[http]\ncors_origin = \"https://a.example\"\n[limits]\nmessage = \"3 KiB\"\n");
    const auto again = load_file(print_config(first));
    EXPECT_THAT(again.problems, IsEmpty());
    for (const auto& key : config_keys()) {
        EXPECT_EQ(value_as_toml(key, first.config), value_as_toml(key, again.config)) << key.name;
    }
}

TEST_F(ConfigTest, ListenAddressesAreSplit) {
    EXPECT_EQ(split_listen("127.0.0.1:80").host, "127.0.0.1");
    EXPECT_EQ(split_listen("[::1]:8080").host, "::1");
    EXPECT_EQ(split_listen("[::1]:8080").port, 8080);
}

TEST_F(ConfigTest, TheManualIsWhatTheTableSays) {
    std::ifstream file(std::string(WARREN_SOURCE_DIR) + "/docs/configuration.md");
    std::ostringstream text;
    text << file.rdbuf();
    const bool same = text.str() == configuration_document();
    EXPECT_TRUE(same) << "run: warren config-docs > docs/configuration.md";
}

}  // namespace
}  // namespace warren::app
