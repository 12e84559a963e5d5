// The command line of rat_memcached: memcached's, read as memcached reads it, and a few of our own.
//
// Options may stand together (-dv), carry their value (-m64, --port=11211) or be followed by it,
// and long ones may be cut short as long as they stay unique. What memcached knows and this version
// does not is refused with the reason: nothing is accepted and ignored.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/server_options.h"

namespace rat_memcache::config {

struct CommandLine {
  enum class Action : uint8_t { kRun, kShowHelp, kShowVersion, kShowLicense };

  Action action = Action::kRun;
  ServerOptions options;
  // To be shown at the start: accepted, but worth a word.
  std::vector<std::string> warnings;
};

// `arguments` without the program's name. On failure one line that says what to write instead.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

// For --help.
std::string HelpText();

}  // namespace rat_memcache::config
