#include "gateway/json_writer.hpp"
#include "gateway/verbs.hpp"

namespace warren::gateway {
namespace {

struct Command {};

Task<Result<std::string>> handle(Call& call, Command) {
    std::string name;
    append_quoted(name, call.node_name());
    co_return name;
}

Result<Doing> check(const Arguments& args, const chat::Limits&) {
    WARREN_TRY_VOID(args.nothing());
    return doing(handle, Command{});
}

}  // namespace

constinit const Verb kServerInfo{"server:info", RateClass::read, check};

}  // namespace warren::gateway
