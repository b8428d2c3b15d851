#pragma once
#include <optional>
#include <string>
#include <variant>

#include "app/config.hpp"
#include "app/exit_code.hpp"

namespace warren::app {

enum class Command {
    serve,
    check_config,
    user_add,
    user_list,
    user_suspend,
    user_restore,
    user_passwd,
    user_sessions,
    channel_retention,
    version,
    config_docs
};

/// A command line that was understood.
struct Arguments {
    Command command = Command::serve;
    ConfigInput config;  ///< File, environment and flags.
    bool demo = false;
    bool connect = false;
    std::string email, name;
    std::string who;                                   ///< An e-mail address or an id.
    std::string channel;                               ///< An id.
    std::optional<std::string> max_age, max_messages;  ///< Written as in the configuration.
    bool use_default = false;
    bool password_from_stdin = false;
    bool end = false;
    bool as_json = false;
};

/// Understands the command line, or says on standard error what is wrong with it (and on standard output the
/// help that was asked for) and gives the exit code.
std::variant<Arguments, Exit> parse_command_line(int argc, const char* const* argv);

/// `0.1.0`
std::string_view version();

/// The commands. Each prints its results to standard output and what went wrong, in one line, to standard
/// error.
Exit serve(const LoadedConfig& config, bool demo);
Exit check_config(const LoadedConfig& config, bool connect);
Exit add_user(const Config& config, const Arguments& arguments);
Exit list_users(const Config& config, bool as_json);
Exit suspend_user(const Config& config, const Arguments& arguments);
Exit restore_user(const Config& config, const Arguments& arguments);
Exit set_password(const Config& config, const Arguments& arguments);
Exit show_sessions(const Config& config, const Arguments& arguments);
Exit channel_retention(const Config& config, const Arguments& arguments);
/// `warren: MESSAGE` on standard error.
void complain(std::string_view message);

/// All of `main`.
Exit run(int argc, const char* const* argv);

}  // namespace warren::app
