#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace warren::load {

/// One signed-in person and the channels they are in.
struct Person {
    std::string id;
    std::string token;  ///< What Socket.IO clients connect with.
    std::vector<std::string> channels;
};

/// Reads what `prepare` wrote: one JSON object a line, `{"id","token","channels"}`; at most `most` people (0:
/// all). Throws std::runtime_error, naming the line.
std::vector<Person> read_people(const std::string& file, std::size_t most);

struct PrepareOptions {
    std::string config_file, data_dir;
    std::size_t people = 1000;
    std::size_t group_size = 10;
    std::size_t groups_each = 1;  ///< Groups of each person.
    std::size_t pairs_each = 0;   ///< One-to-one chats of each person; even, or nearly so.
    std::size_t history = 0;      ///< Messages in each channel.
    std::size_t message_bytes = 200;
    std::string out = "people.jsonl";
};
/// Makes people with sessions, channels and histories in the stores that a node of this configuration will
/// use, through the same code as a node and while none runs: no password is hashed, nothing is sent. Whoever
/// may open the stores could do this anyway; the server has no door for it. Throws std::runtime_error.
void prepare(const PrepareOptions& options);

}  // namespace warren::load
