// The command line of rat_replay.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "replay/item_shape.h"
#include "replay/server_target.h"
#include "replay/synthetic_trace.h"
#include "replay/trace_file.h"
#include "store/store.h"

namespace rat_memcache::replay {

// Defaults are what --help shows.
struct Options {
  std::string trace;  // a path, or "-"; empty: `synthetic`
  TraceFormat format = TraceFormat::kText;
  SyntheticOptions synthetic;
  std::optional<uint64_t> requests;  // of a file: no more than these

  SizeRange value_size{20, 500};
  std::vector<uint32_t> ttls{0};
  uint32_t key_size = 14;
  uint32_t rate = 100000;  // requests per simulated second; 0: time stands still

  // One of the two, or none: then the trace is only counted.
  bool engine = false;
  store::StoreOptions store{.threads = 1};
  std::optional<ServerOptions> server;

  bool progress = false;
  bool help = false;
};

// Flags are `--name VALUE` or `--name=VALUE`. The error says which flag, and what to write instead.
Result<Options> ParseOptions(std::span<const char* const> arguments);

// The text of --help.
std::string HelpText();

}  // namespace rat_memcache::replay
