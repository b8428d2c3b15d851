#include "app/command_line.hpp"

int main(int argc, char** argv) {
    return static_cast<int>(warren::app::run(argc, argv));
}
