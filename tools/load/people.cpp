#include "load/people.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <stdexcept>

namespace warren::load {

namespace json = boost::json;

std::vector<Person> read_people(const std::string& file, std::size_t most) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file + "; `warren-load prepare` makes it");
    std::vector<Person> out;
    std::string line;
    while ((most == 0 || out.size() < most) && std::getline(in, line)) {
        try {
            const auto object = json::parse(line).as_object();
            Person person;
            person.id = std::string(object.at("id").as_string());
            person.token = std::string(object.at("token").as_string());
            for (const auto& channel : object.at("channels").as_array())
                person.channels.emplace_back(channel.as_string());
            out.push_back(std::move(person));
        } catch (const std::exception&) {
            throw std::runtime_error(file + ":" + std::to_string(out.size() + 1) +
                                     ": not what `warren-load prepare` writes");
        }
    }
    if (out.size() < most) {
        throw std::runtime_error(file + " has only " + std::to_string(out.size()) + " people");
    }
    return out;
}

}  // namespace warren::load
