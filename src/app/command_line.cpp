#include "app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

#include "app/config_keys.hpp"

namespace warren::app {
namespace {

constexpr auto kOverview =
    R"(Warren, a chat backend: one program that stock Socket.IO clients of any language talk to.

First steps:
  warren serve --demo                       try it: demo people, page at http://127.0.0.1:8080
  warren serve                              the real thing, data in ./warren-data
  warren user add a@example.org --name Ann  let somebody in; prints a password once
  warren check-config --config FILE         what would be used, and where each value came from
)";

constexpr auto kExitCodes =
    R"(Exit codes: 0 done, 1 a fault of Warren's, 2 wrong command line, 3 wrong configuration (or a server refused
it), 4 something is not there (a server, a port, a folder), 5 refused (the e-mail is in use, say).)";

constexpr auto kServeNotes =
    R"(Settings come from defaults, then the file, then WARREN_... variables, then flags: `warren check-config` shows them,
docs/configuration.md explains them. SIGTERM or Ctrl-C ends it in good order: what was accepted is finished and
acknowledged, clients are sent away gradually; a second one ends it at once.)";

constexpr auto kUserNotes =
    R"(Speaks to the running node of the data folder through its admin socket; where none runs, opens the store itself.
Give the same --config or --data-dir as the node has.)";

constexpr auto kRetention =
    R"(Set how long this channel keeps what was written, in place of retention.max_age and retention.max_messages; without
options, show what holds)";

class Parser {
public:
    Parser() {
        app_.require_subcommand(1);
        app_.footer(kExitCodes);
        app_.get_formatter()->column_width(36);
        // Not CLI11's own version flag: that could not be tested without leaving the process.
        app_.set_help_flag("-h,--help", "Print this help and exit");
        add_serve();
        add_check_config();
        add_user();
        add_channel();
        on(*app_.add_subcommand("version", "Print the version"), Command::version);
        auto& docs = *app_.add_subcommand("config-docs", "Print docs/configuration.md");
        docs.group("");  // Hidden: for those who change the table.
        on(docs, Command::config_docs);
    }

    std::variant<Arguments, Exit> parse(int argc, const char* const* argv) {
        if (argc == 2 && std::string_view(argv[1]) == "--version") {
            arguments_.command = Command::version;
            return arguments_;
        }
        if (argc <= 1) {
            std::cerr << app_.help();
            return Exit::usage;
        }
        try {
            app_.parse(argc, argv);
        } catch (const CLI::Success& success) {
            app_.exit(success);
            return Exit::ok;
        } catch (const CLI::ParseError& error) {
            complain(std::string(error.what()) + "; see " + asked() + " --help");
            return Exit::usage;
        }
        arguments_.config.environment = process_environment();
        return arguments_;
    }

private:
    /// The command that the user got as far as.
    std::string asked() {
        std::string out = "warren";
        const CLI::App* at = &app_;
        while (!at->get_subcommands().empty()) {
            at = at->get_subcommands().front();
            out += " " + at->get_name();
        }
        return out;
    }

    void on(CLI::App& command, Command which) {
        command.callback([this, which] { arguments_.command = which; });
    }

    void add_config(CLI::App& command) {
        command.add_option("-c,--config", arguments_.config.file, "TOML file with settings")
            ->type_name("FILE");
        for (const auto& key : config_keys()) {
            if (!key.flag.empty()) add_flag_of(command, key);
        }
        const auto set = [this](const std::string& text) {
            const auto equals = text.find('=');
            if (equals == std::string::npos)
                throw CLI::ValidationError("--set", "takes KEY=VALUE, not " + text);
            arguments_.config.flags.push_back({text.substr(0, equals), text.substr(equals + 1), "--set"});
        };
        command.add_option_function<std::string>("--set", set, "Any setting, such as --set http.shards=2")
            ->type_name("KEY=VALUE")
            ->trigger_on_parse();
    }

    void add_flag_of(CLI::App& command, const Key& key) {
        const auto text =
            "Same as --set " + std::string(key.name) + "=... (default " + std::string(key.fallback) + ")";
        const auto keep = [this, &key](const std::string& value) {
            arguments_.config.flags.push_back({std::string(key.name), value, std::string(key.flag)});
        };
        command.add_option_function<std::string>(std::string(key.flag), keep, text)
            ->type_name("TEXT")
            ->trigger_on_parse();
    }

    void add_serve() {
        auto& command = *app_.add_subcommand("serve", "Run a node");
        add_config(command);
        command.add_flag("--demo", arguments_.demo,
                         "Make a few demo people with a chat, and print their passwords");
        command.footer(kServeNotes);
        on(command, Command::serve);
    }

    void add_check_config() {
        auto& command =
            *app_.add_subcommand("check-config", "Say what is wrong with the settings, or print them");
        add_config(command);
        command.add_flag("--connect", arguments_.connect, "Also try the servers that they name");
        on(command, Command::check_config);
    }

    void add_user() {
        auto& user = *app_.add_subcommand("user", "People who may sign in");
        user.require_subcommand(1);
        user.footer(kUserNotes);
        auto& add = *user.add_subcommand("add", "Let somebody in");
        add.add_option("EMAIL", arguments_.email, "What they sign in with")->required();
        add.add_option("--name", arguments_.name, "What others see, 3 to 50 characters")->required();
        add_password(add);
        add_config(add);
        add_json(add);
        add.footer(kUserNotes);
        on(add, Command::user_add);
        auto& list = *user.add_subcommand("list", "Everybody: id, e-mail, name, phone number, status");
        add_config(list);
        add_json(list);
        list.footer(kUserNotes);
        on(list, Command::user_list);
        add_who(user, "suspend", "End somebody's sessions and connections, and let them in no more",
                Command::user_suspend);
        add_who(user, "restore", "Let somebody who was suspended in again", Command::user_restore);
        auto& passwd = add_who(user, "passwd", "Give somebody a new password; ends their sessions",
                               Command::user_passwd);
        add_password(passwd);
        auto& sessions = add_who(user, "sessions", "When somebody signed in, and until when that lasts",
                                 Command::user_sessions);
        sessions.add_flag("--end", arguments_.end, "End them all, and the connections with them");
    }

    CLI::App& add_who(CLI::App& user, const std::string& name, const std::string& text, Command which) {
        auto& command = *user.add_subcommand(name, text);
        command.add_option("WHO", arguments_.who, "Their e-mail address, or their id")->required();
        add_config(command);
        add_json(command);
        command.footer(kUserNotes);
        on(command, which);
        return command;
    }

    void add_channel() {
        auto& channel = *app_.add_subcommand("channel", "What operators set for one channel");
        channel.require_subcommand(1);
        channel.footer(kUserNotes);
        auto& command = *channel.add_subcommand("retention", kRetention);
        command.add_option("CHANNEL", arguments_.channel, "Its id")->required();
        auto* age = command.add_option("--max-age", arguments_.max_age,
                                       "How long what was written is kept: 30d, 24h; 0s: for ever");
        auto* messages = command.add_option("--max-messages", arguments_.max_messages,
                                            "So many of the newest messages are kept; 0: all");
        age->type_name("TIME");
        messages->type_name("NUMBER");
        command
            .add_flag("--default", arguments_.use_default, "Nothing of its own: what the configuration says")
            ->excludes(age)
            ->excludes(messages);
        add_config(command);
        add_json(command);
        command.footer(kUserNotes);
        on(command, Command::channel_retention);
    }

    void add_password(CLI::App& command) {
        command.add_flag(
            "--password-stdin", arguments_.password_from_stdin,
            "Read the password from the first line of standard input; else one is made and printed once");
    }

    void add_json(CLI::App& command) {
        command.add_flag("--json", arguments_.as_json, "Print JSON, one object a line, instead of columns");
    }

    CLI::App app_{kOverview, "warren"};
    Arguments arguments_;
};

}  // namespace

std::variant<Arguments, Exit> parse_command_line(int argc, const char* const* argv) {
    return Parser().parse(argc, argv);
}

}  // namespace warren::app
