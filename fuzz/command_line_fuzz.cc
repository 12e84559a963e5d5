// The command line: any arguments give options within their limits, or one line of explanation.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "config/command_line.h"

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

// Arguments are separated by line ends.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::string> arguments(1);
  for (size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      arguments.emplace_back();
    } else {
      arguments.back() += static_cast<char>(data[i]);
    }
  }
  const auto line = config::ParseCommandLine(arguments);
  if (!line.ok()) {
    RAT_CHECK(!line.error().message.empty() && line.error().exit_code != 0,
              "an error without words");
    return 0;
  }
  if (line.value().action != config::CommandLine::Action::kRun) return 0;
  const config::ServerOptions& options = line.value().options;
  RAT_CHECK(options.item_size_max <= options.memory_limit / 2, "items larger than half of memory");
  RAT_CHECK(options.clients_max() > 0 && options.threads > 0, "nobody could be served");
  return 0;
}
