// rat_memcached: the command line, and nothing else.
// SPDX-License-Identifier: LGPL-3.0-or-later
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/version.h"
#include "config/command_line.h"
#include "server/server.h"

namespace {

using namespace rat_memcache;  // NOLINT(google-build-using-namespace)

constexpr char kLicense[] =
    "RatMemCache is free software: you can redistribute it and/or modify it under the terms of\n"
    "the GNU Lesser General Public License, version 3 or any later version, as published by the\n"
    "Free Software Foundation. It comes without any warranty. The files LICENSE and LICENSE.GPL\n"
    "of its source have the full text.\n";

int Fail(const Error& error) {
  std::fprintf(stderr, "rat_memcached: %s\n", error.message.c_str());
  return error.exit_code;
}

int Main(const std::vector<std::string>& arguments) {
  const auto command_line = config::ParseCommandLine(arguments);
  if (!command_line.ok()) return Fail(command_line.error());
  switch (command_line.value().action) {
    case config::CommandLine::Action::kShowHelp:
      std::fputs(config::HelpText().c_str(), stdout);
      return 0;
    case config::CommandLine::Action::kShowVersion:
      // The first line is what scripts read.
      std::printf("memcached %s\nrat_memcached %s\n", kMemcachedVersion, kVersion);
      return 0;
    case config::CommandLine::Action::kShowLicense:
      std::fputs(kLicense, stdout);
      return 0;
    case config::CommandLine::Action::kRun:
      break;
  }
  const Status status = server::Run(command_line.value());
  return status.ok() ? 0 : Fail(status.error());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rat_memcached: %s\n", error.what());
    return 1;
  }
}
