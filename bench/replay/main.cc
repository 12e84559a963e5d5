// rat_replay: replays a trace of requests against the engine or a server, and counts the misses.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <cstdio>
#include <span>
#include <string>

#include "replay/options.h"
#include "replay/replay_run.h"

int main(int count, char** arguments) {
  using rat_memcache::replay::Options;
  const auto fail = [](const rat_memcache::Error& error) {
    std::fprintf(stderr, "rat_replay: %s\n", error.message.c_str());
    return error.exit_code;
  };

  const rat_memcache::Result<Options> options = rat_memcache::replay::ParseOptions(
      std::span<const char* const>(arguments, static_cast<size_t>(count)).subspan(1));
  if (!options.ok()) return fail(options.error());
  if (options.value().help) {
    std::fputs(rat_memcache::replay::HelpText().c_str(), stdout);
    return 0;
  }
  const rat_memcache::Result<std::string> report = rat_memcache::replay::Replay(options.value());
  if (!report.ok()) return fail(report.error());
  std::fputs(report.value().c_str(), stdout);
  return 0;
}
