// What the tests of the command line share. All features are on, whatever the build serves.
// SPDX-License-Identifier: LGPL-3.0-or-later
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "config/command_line.h"

namespace rat_memcache::config {

// "-p 1 -l x" as arguments; they are separated by blanks.
inline std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  return words;
}

inline CommandLine Parsed(const std::vector<std::string>& arguments) {
  auto line = ParseCommandLine(arguments, kAllFeatures);
  EXPECT_TRUE(line.ok()) << line.error().message;
  return line.ok() ? std::move(line).value() : CommandLine{};
}
inline CommandLine Parsed(const std::string& line) { return Parsed(Words(line)); }

inline ServerOptions Options(const std::string& line) { return Parsed(line).options; }
inline ServerOptions Options(const std::vector<std::string>& arguments) {
  return Parsed(arguments).options;
}
// Accepted without a word.
inline void ExpectNoWarning(const std::string& line) {
  EXPECT_TRUE(Parsed(line).warnings.empty()) << line << ": " << Parsed(line).warnings[0];
}
// Accepted, with exactly this one.
inline void ExpectWarning(const std::string& line, std::string_view says) {
  const auto warnings = Parsed(line).warnings;
  ASSERT_EQ(warnings.size(), 1u) << line;
  EXPECT_EQ(warnings[0], says) << line;
}

struct Fault {
  std::string line;
  int exit_code;
  std::string_view says;
};
inline void ExpectFault(const std::vector<std::string>& arguments, int exit_code,
                        std::string_view says) {
  const auto line = ParseCommandLine(arguments, kAllFeatures);
  ASSERT_FALSE(line.ok()) << arguments[0];
  EXPECT_EQ(line.error().message, says);
  EXPECT_EQ(line.error().exit_code, exit_code) << says;
}
inline void ExpectFault(const Fault& fault) {
  ExpectFault(Words(fault.line), fault.exit_code, fault.says);
}

}  // namespace rat_memcache::config
