#pragma once
#include "base/error.hpp"

namespace warren::app {

/// What `warren` exits with. @see docs/operations.md#exit-codes
enum class Exit : int {
    ok = 0,
    failed = 1,         ///< A fault of ours; the message is for a bug report.
    usage = 2,          ///< The command line is wrong.
    configuration = 3,  ///< A setting is wrong, or a server refuses what it says.
    unavailable = 4,    ///< Something that is needed is not there: a server, a port, a folder.
    refused = 5,        ///< The command was understood and may not be done: the e-mail is in use, say.
};

/// The exit code that says of `code` what a script can act on.
Exit exit_of(Errc code);

}  // namespace warren::app
