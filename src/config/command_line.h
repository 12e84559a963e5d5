// The command line of rat_memcached: memcached's, read as memcached reads it, and a few of our own.
//
// Options may stand together (-dv), carry their value (-m64, --port=11211) or be followed by it,
// and long ones may be cut short as long as they stay unique. The last word counts. Everything that
// memcached knows is known; what has no counterpart here is checked, kept and shown. Refused, with
// the reason, is what would lose data or protection if it were ignored. docs/options.md lists all.
//
// Stricter than memcached: a number is read to its end (memcached takes "12x" for 12).
//
// The parts: option_table (letters and long names), extended_options (-o), listen_option (-l),
// extstore_path, option_numbers, cross_checks (what depends on several options), help_text.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/build_features.h"
#include "config/server_options.h"

namespace rat_memcache::config {

struct CommandLine {
  enum class Action : uint8_t { kRun, kShowHelp, kShowVersion, kShowLicense };

  Action action = Action::kRun;
  ServerOptions options;
  // To be shown at the start: accepted, but worth a word.
  std::vector<std::string> warnings;
};

// `arguments` without the program's name. On failure one line: memcached's words where it has some,
// then what to write instead.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                     const Features& features = kBuildFeatures);

// For --help: what the build offers and what has an effect.
std::string HelpText(const Features& features = kBuildFeatures);

}  // namespace rat_memcache::config
