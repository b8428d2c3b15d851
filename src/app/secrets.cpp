#include "app/secrets.hpp"

#include "adapters/sodium/sodium_secrets.hpp"

namespace warren::app {

std::unique_ptr<Secrets> make_secrets(const Config& config) {
    adapters::SodiumSecrets::Options options;
    options.threads = config.passwords_threads;
    options.queue_max = config.passwords_queue;
    options.operations = config.passwords_passes;
    options.memory_bytes = config.passwords_memory.n;
    return std::make_unique<adapters::SodiumSecrets>(options);
}

}  // namespace warren::app
