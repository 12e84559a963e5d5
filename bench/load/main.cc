// rat_load: a load generator for servers that speak memcached's protocols.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <cstdio>
#include <span>
#include <string>

#include "load/load_run.h"
#include "load/options.h"

namespace {

void Complain(const std::string& message) {
  std::fprintf(stderr, "rat_load: %s\n", message.c_str());
}

}  // namespace

int main(int count, char** arguments) {
  using rat_memcache::load::LoadRun;
  using rat_memcache::load::Options;

  const rat_memcache::Result<Options> options = rat_memcache::load::ParseOptions(
      std::span<const char* const>(arguments, static_cast<size_t>(count)).subspan(1));
  if (!options.ok()) {
    Complain(options.error().message);
    return options.error().exit_code;
  }
  if (options.value().help) {
    std::fputs(rat_memcache::load::HelpText().c_str(), stdout);
    return 0;
  }
  LoadRun run(options.value());
  const rat_memcache::Status done = run.Run();
  if (!done.ok()) {
    Complain(done.error().message);
    return done.error().exit_code;
  }
  std::fputs(run.Report().c_str(), stdout);
  if (run.faults().total() > 0) {
    Complain("unexpected replies, the first one: " + run.faults().first);
    return 1;
  }
  return 0;
}
