// SPDX-License-Identifier: LGPL-3.0-or-later
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "config/command_line.h"

namespace rat_memcache::config {
namespace {

bool Names(const std::string& help, const std::string& option) {
  return help.find(option) != std::string::npos;
}

TEST(HelpText, NamesEveryOption) {
  const std::string help = HelpText(kAllFeatures);
  for (const char letter : std::string("pUsalduImMctRbBCDFXWASYZPkrvhiVo")) {
    EXPECT_TRUE(Names(help, std::string("\n  -") + letter)) << letter;
  }
  for (const char* option :
       {"      --bind ADDR:PORT", "      --pid-file FILE", "      --max-ttl SECONDS",
        "      idle_timeout=SECONDS", "      ssl_chain_cert=FILE", "      track_sizes"}) {
    EXPECT_TRUE(Names(help, std::string("\n") + option)) << option;
  }
}

TEST(HelpText, DoesNotNameWhatHasNoEffect) {
  const std::string help = HelpText(kAllFeatures);
  for (const char* option : {"-f,", "-n,", "-N,", "-L,", "-e,", "ext_", "proxy_", "privileges",
                             "slab_", "hashpower", "_lru_pct", "napi", "modern"}) {
    EXPECT_FALSE(Names(help, option)) << option;
  }
}

TEST(HelpText, NamesOnlyWhatTheBuildOffers) {
  const std::string help = HelpText(Features{});
  for (const char* option : {"--unix-socket", "--unix-mask", "--udp-port", "--enable-ssl",
                             "--enable-sasl", "--auth-file", "--protocol", "ssl_"}) {
    EXPECT_FALSE(Names(help, option)) << option;
  }
  EXPECT_TRUE(Names(HelpText(Features{.tls = true}), "ssl_chain_cert"));
}

TEST(HelpText, FitsATerminal) {
  for (const Features& features : {Features{}, kAllFeatures}) {
    std::istringstream lines(HelpText(features));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 80u) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

}  // namespace
}  // namespace rat_memcache::config
