#include "gateway/core.hpp"

namespace warren::gateway {

Counts::Counts(Metrics& m)
    : pushed(m.counter("warren_pushes_total", "Pushes queued to connections.")),
      encoded(m.counter("warren_pushes_encoded_total", "Pushes encoded: once each, however many get them.")),
      connections(m.gauge("warren_connections", "Signed-in Socket.IO connections.")),
      seconds(m.seconds("warren_event_seconds", "From an event's arrival at chat's thread to its answer.")) {
    const auto add = [&](std::string_view code) {
        answers_[code] = &m.counter("warren_answers_total", "Events answered, by error code or ok.",
                                    {{"code", std::string(code)}});
    };
    add("ok");
    for (const auto& row : all_errcs())
        add(row.wire_name);
    for (const auto* verb : all_verbs()) {
        events_[verb] = &m.counter("warren_events_total", "Events whose payload was in order, by name.",
                                   {{"event", std::string(verb->name)}});
    }
}

Core::Core(chat::Chat& c, chat::Accounts& a, http::Shard& shard, Options o, Metrics& metrics)
    : chat(c),
      accounts(a),
      chat_shard(shard),
      options(std::move(o)),
      counts(metrics),
      outbox(std::make_shared<Outbox>(shard, counts.pushed)) {}

std::chrono::milliseconds Core::up_to(std::chrono::milliseconds most) {
    std::uniform_int_distribution<std::chrono::milliseconds::rep> span(0, std::max<long>(most.count(), 0));
    return std::chrono::milliseconds(span(random_));
}

}  // namespace warren::gateway
