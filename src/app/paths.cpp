#include "app/paths.hpp"

#include <filesystem>

namespace warren::app {

std::string admin_socket_path(const Config& config) {
    if (!config.admin_socket.empty()) return config.admin_socket;
    return (std::filesystem::path(config.store_data_dir) / "admin.sock").string();
}

}  // namespace warren::app
