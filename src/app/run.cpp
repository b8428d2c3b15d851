#include <exception>
#include <iostream>

#include "app/command_line.hpp"

namespace warren::app {
namespace {

Exit run_command(const Arguments& arguments) {
    if (arguments.command == Command::version) {
        std::cout << "warren " << version() << "\n";
        return Exit::ok;
    }
    if (arguments.command == Command::config_docs) {
        std::cout << configuration_document();
        return Exit::ok;
    }
    const auto loaded = load_config(arguments.config);
    if (!loaded.problems.empty()) {
        for (const auto& problem : loaded.problems)
            complain(problem);
        return Exit::configuration;
    }
    switch (arguments.command) {
        case Command::serve:
            return serve(loaded, arguments.demo);
        case Command::check_config:
            return check_config(loaded, arguments.connect);
        case Command::user_add:
            return add_user(loaded.config, arguments);
        case Command::user_list:
            return list_users(loaded.config, arguments.as_json);
        case Command::user_suspend:
            return suspend_user(loaded.config, arguments);
        case Command::user_restore:
            return restore_user(loaded.config, arguments);
        case Command::user_passwd:
            return set_password(loaded.config, arguments);
        case Command::user_sessions:
            return show_sessions(loaded.config, arguments);
        case Command::channel_retention:
            return channel_retention(loaded.config, arguments);
        case Command::version:
        case Command::config_docs:
            break;
    }
    return Exit::failed;
}

}  // namespace

std::string_view version() {
    return WARREN_VERSION;
}

void complain(std::string_view message) {
    std::cerr << "warren: " << message << std::endl;
}

Exit run(int argc, const char* const* argv) {
    try {
        const auto parsed = parse_command_line(argc, argv);
        if (const auto* code = std::get_if<Exit>(&parsed)) return *code;
        return run_command(std::get<Arguments>(parsed));
    } catch (const std::exception& fault) {
        complain(std::string("this is a fault of Warren's, please report it: ") + fault.what());
        return Exit::failed;
    }
}

}  // namespace warren::app
